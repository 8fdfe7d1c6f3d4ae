#include "core/planned_value.h"

namespace armstate {

absl::optional<absl::string_view> PlannedValue(const RegisterFinding& finding, IdScheme target) {
  const bool tolerated = !finding.tolerance.empty();
  switch (finding.outcome) {
    case RegisterOutcome::kUnknown:
    case RegisterOutcome::kNotInCheckpoint:
    case RegisterOutcome::kRequired:
      return absl::nullopt;
    case RegisterOutcome::kWriteRefused:
    case RegisterOutcome::kWriteUndetermined:
      if (tolerated) return absl::nullopt;
      return absl::string_view(finding.wanted);
    case RegisterOutcome::kIgnored:
    case RegisterOutcome::kDiffers:
      return absl::string_view(tolerated && target == IdScheme::kTcg ? finding.got : finding.wanted);
    default:
      return absl::string_view(finding.wanted);
  }
}

}  // namespace armstate
