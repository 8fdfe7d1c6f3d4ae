// InvalidField makes the error of a request's field; CheckLimit and CheckText check a field's size.
#ifndef ARMSTATE_SERVER_RPC_INVALID_FIELD_H_
#define ARMSTATE_SERVER_RPC_INVALID_FIELD_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/error.h"
#include "core/limits.h"

namespace armstate {

// INVALID_ARGUMENT, reason FIELD_INVALID: "`field` `problem`", with metadata "field" in addition to `metadata`.
inline absl::Status InvalidField(absl::string_view field, absl::string_view problem,
                                 std::map<std::string, std::string> metadata = {}) {
  metadata["field"] = std::string(field);
  return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kFieldInvalid, absl::StrCat(field, " ", problem),
                   std::move(metadata));
}

// Returns InvalidField if `count` exceeds `limit`, with metadata "count" and "limit".
inline absl::Status CheckLimit(absl::string_view field, int64_t count, int64_t limit,
                               absl::string_view what = "entries") {
  if (count <= limit) return absl::OkStatus();
  return InvalidField(field, absl::StrCat("has ", count, " ", what, ", more than ", limit),
                      {{"count", absl::StrCat(count)}, {"limit", absl::StrCat(limit)}});
}

inline absl::Status CheckText(absl::string_view field, absl::string_view text, size_t limit = kMaxTextBytes) {
  return CheckLimit(field, static_cast<int64_t>(text.size()), static_cast<int64_t>(limit), "bytes");
}

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RPC_INVALID_FIELD_H_
