// CheckReport validates a host's report of a restore; CompareWithPrediction compares it with the verdict.
#ifndef ARMSTATE_SERVER_RESTORES_REPORTED_RESTORE_H_
#define ARMSTATE_SERVER_RESTORES_REPORTED_RESTORE_H_

#include <vector>

#include "absl/status/status.h"
#include "armstate/v1/restore_service.pb.h"
#include "server/verdict/judgement.h"
#include "server/verdict/resolved_target.h"

namespace armstate {

// Validates a report of a restore of a checkpoint with `vcpu_count` vCPUs, and sets the catalog's names for its
// registers. INVALID_ARGUMENT, reason FIELD_INVALID (metadata "field", and "register_id" where one is at fault):
// another number of vCPUs, a register that is listed twice or does not exist, an outcome without a name, values of
// another width than the register's, text of more than 1000 bytes.
absl::Status CheckReport(int vcpu_count, IdScheme scheme, v1::RestoreReport& report);

// Returns where a validated report differs from the verdict. Registers that the report leaves out count as WRITTEN.
// Registers that were not tried, or that only the target has, are not compared.
std::vector<v1::PredictionDifference> CompareWithPrediction(const VerdictInput& checkpoint,
                                                            const ResolvedTarget& target, const VmVerdict& judgement,
                                                            const v1::RestoreReport& report);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RESTORES_REPORTED_RESTORE_H_
