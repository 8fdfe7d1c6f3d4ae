#include "client/cli/output/user_error.h"

#include "absl/strings/cord.h"
#include "absl/types/optional.h"

namespace armstate {
namespace {

constexpr absl::string_view kUsagePayload = "armstate/UsageError";
constexpr absl::string_view kNextStepPayload = "armstate/NextStep";
constexpr absl::string_view kExcerptPayload = "armstate/Excerpt";

std::string TextPayload(const absl::Status& status, absl::string_view name) {
  const absl::optional<absl::Cord> text = status.GetPayload(name);
  return text ? std::string(*text) : std::string();
}

}  // namespace

absl::Status UsageError(absl::string_view message) {
  absl::Status status = absl::InvalidArgumentError(message);
  status.SetPayload(kUsagePayload, absl::Cord());
  return status;
}

bool IsUsageError(const absl::Status& status) { return status.GetPayload(kUsagePayload).has_value(); }

absl::Status WithNextStep(absl::Status status, absl::string_view next_step) {
  status.SetPayload(kNextStepPayload, absl::Cord(next_step));
  return status;
}

absl::Status WithExcerpt(absl::Status status, absl::string_view excerpt) {
  status.SetPayload(kExcerptPayload, absl::Cord(excerpt));
  return status;
}

std::string GetExcerpt(const absl::Status& status) { return TextPayload(status, kExcerptPayload); }

std::string GetNextStep(const absl::Status& status) { return TextPayload(status, kNextStepPayload); }

}  // namespace armstate
