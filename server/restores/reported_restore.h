// What a host tells of a restore: checked, and compared with the verdict.
#ifndef ARMSTATE_SERVER_RESTORES_REPORTED_RESTORE_H_
#define ARMSTATE_SERVER_RESTORES_REPORTED_RESTORE_H_

#include <vector>

#include "absl/status/status.h"
#include "armstate/v1/restore_service.pb.h"
#include "server/verdict/judged_target.h"
#include "server/verdict/judgement.h"

namespace armstate {

// Checks a report of a restore of a checkpoint with `vcpu_count` vCPUs, and gives its registers the catalog's names.
// INVALID_ARGUMENT, reason FIELD_INVALID (metadata "field", and "register_id" where one is at fault): another number of
// vCPUs, a register twice or that is none, an outcome without a name, values of another width than the register's, text
// of more than 1000 bytes.
absl::Status CheckReport(int vcpu_count, IdScheme scheme, v1::RestoreReport& report);

// Where a checked report is not as the judgement says. What the report leaves out was WRITTEN; of what was not tried,
// or is only on the target, nothing is known.
std::vector<v1::PredictionDifference> CompareWithPrediction(const VerdictInput& checkpoint,
                                                            const ResolvedTarget& target, const VmVerdict& judgement,
                                                            const v1::RestoreReport& report);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RESTORES_REPORTED_RESTORE_H_
