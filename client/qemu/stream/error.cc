#include "client/qemu/stream/error.h"

#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/error.h"

namespace armstate {
namespace {

absl::Status Malformed(size_t offset, absl::string_view section, absl::string_view message,
                       std::map<std::string, std::string> metadata) {
  metadata.emplace("offset", absl::StrCat(offset));
  if (!section.empty()) metadata.emplace("section", section);
  return MakeError(
      absl::StatusCode::kInvalidArgument, ErrorReason::kStreamMalformed,
      absl::StrCat("QEMU stream, offset ", offset, section.empty() ? "" : ", section ", section, ": ", message),
      std::move(metadata));
}

}  // namespace

absl::Status StreamError(size_t offset, absl::string_view section, absl::string_view message) {
  return Malformed(offset, section, message, {});
}

absl::Status StreamRegisterError(size_t offset, absl::string_view section, uint64_t raw_id, absl::string_view message) {
  const std::string id = absl::StrFormat("0x%016x", raw_id);
  return Malformed(offset, section, absl::StrCat("register ", id, ": ", message), {{"register_id", id}});
}

}  // namespace armstate
