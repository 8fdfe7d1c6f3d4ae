#include "core/port_errors.h"

#include "absl/strings/cord.h"
#include "absl/types/optional.h"

namespace armstate {
namespace {

constexpr absl::string_view kErrorName = "armstate.errno";

}  // namespace

absl::Status RefusedError(absl::string_view error_name) {
  absl::Status status = absl::InvalidArgumentError(error_name);
  status.SetPayload(kErrorName, absl::Cord(error_name));
  return status;
}

std::string RefusedErrorName(const absl::Status& status) {
  const absl::optional<absl::Cord> name = status.GetPayload(kErrorName);
  return name ? std::string(*name) : "";
}

absl::Status UndeterminedError(absl::string_view why) { return absl::UnknownError(why); }

bool IsUndetermined(const absl::Status& status) { return status.code() == absl::StatusCode::kUnknown; }

}  // namespace armstate
