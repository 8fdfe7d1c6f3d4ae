#include "proto/register_outcome_conversion.h"

namespace armstate {
namespace {

struct Row {
  RegisterOutcome outcome;
  v1::RegisterOutcome message;
};

constexpr Row kRows[] = {
    {RegisterOutcome::kWritten, v1::WRITTEN},
    {RegisterOutcome::kUnchanged, v1::UNCHANGED},
    {RegisterOutcome::kIgnored, v1::IGNORED},
    {RegisterOutcome::kWriteRefused, v1::WRITE_REFUSED},
    {RegisterOutcome::kDiffers, v1::DIFFERS},
    {RegisterOutcome::kUnknown, v1::UNKNOWN},
    {RegisterOutcome::kNotInCheckpoint, v1::NOT_IN_CHECKPOINT},
    {RegisterOutcome::kRequired, v1::REQUIRED},
    {RegisterOutcome::kOverwritten, v1::OVERWRITTEN},
    {RegisterOutcome::kNotTried, v1::NOT_TRIED},
    {RegisterOutcome::kWriteUndetermined, v1::WRITE_UNDETERMINED},
    {RegisterOutcome::kMoving, v1::MOVING},
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
