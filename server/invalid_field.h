// The error of a request's field.
#ifndef ARMSTATE_SERVER_INVALID_FIELD_H_
#define ARMSTATE_SERVER_INVALID_FIELD_H_

#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/error.h"

namespace armstate {

// INVALID_ARGUMENT, reason FIELD_INVALID: "`field` `problem`", with metadata "field" besides the given.
inline absl::Status InvalidField(absl::string_view field, absl::string_view problem,
                                 std::map<std::string, std::string> metadata = {}) {
  metadata["field"] = std::string(field);
  return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kFieldInvalid, absl::StrCat(field, " ", problem),
                   std::move(metadata));
}

}  // namespace armstate

#endif  // ARMSTATE_SERVER_INVALID_FIELD_H_
