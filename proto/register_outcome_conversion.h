// This header converts between RegisterOutcome and armstate.v1.RegisterOutcome.
#ifndef ARMSTATE_PROTO_REGISTER_OUTCOME_CONVERSION_H_
#define ARMSTATE_PROTO_REGISTER_OUTCOME_CONVERSION_H_

#include "absl/types/optional.h"
#include "armstate/v1/restore_service.pb.h"
#include "core/restore.h"

namespace armstate {

v1::RegisterOutcome RegisterOutcomeToProto(RegisterOutcome outcome);
// Unset for REGISTER_OUTCOME_UNSPECIFIED and numbers without a name.
absl::optional<RegisterOutcome> RegisterOutcomeFromProto(v1::RegisterOutcome outcome);

}  // namespace armstate

#endif  // ARMSTATE_PROTO_REGISTER_OUTCOME_CONVERSION_H_
