#include "proto/register_outcome_conversion.h"

namespace armstate {
namespace {

struct Row {
  RegisterOutcome outcome;
  v1::RegisterOutcome message;
};

constexpr Row kRows[] = {
    {RegisterOutcome::kWritten, v1::REGISTER_OUTCOME_WRITTEN},
    {RegisterOutcome::kUnchanged, v1::REGISTER_OUTCOME_UNCHANGED},
    {RegisterOutcome::kIgnored, v1::REGISTER_OUTCOME_IGNORED},
    {RegisterOutcome::kWriteRefused, v1::REGISTER_OUTCOME_WRITE_REFUSED},
    {RegisterOutcome::kDiffers, v1::REGISTER_OUTCOME_DIFFERS},
    {RegisterOutcome::kUnknown, v1::REGISTER_OUTCOME_UNKNOWN},
    {RegisterOutcome::kNotInCheckpoint, v1::REGISTER_OUTCOME_NOT_IN_CHECKPOINT},
    {RegisterOutcome::kRequired, v1::REGISTER_OUTCOME_REQUIRED},
    {RegisterOutcome::kOverwritten, v1::REGISTER_OUTCOME_OVERWRITTEN},
    {RegisterOutcome::kNotTried, v1::REGISTER_OUTCOME_NOT_TRIED},
    {RegisterOutcome::kWriteUndetermined, v1::REGISTER_OUTCOME_WRITE_UNDETERMINED},
    {RegisterOutcome::kMoving, v1::REGISTER_OUTCOME_MOVING},
};

}  // namespace

v1::RegisterOutcome RegisterOutcomeToProto(RegisterOutcome outcome) {
  for (const Row& row : kRows) {
    if (row.outcome == outcome) return row.message;
  }
  return v1::REGISTER_OUTCOME_UNSPECIFIED;
}

absl::optional<RegisterOutcome> RegisterOutcomeFromProto(v1::RegisterOutcome outcome) {
  for (const Row& row : kRows) {
    if (row.message == outcome) return row.outcome;
  }
  return absl::nullopt;
}

}  // namespace armstate
