// PlanVcpu plans the writes that bring a target to a checkpoint's state.
#ifndef ARMSTATE_SERVER_RESTORES_PLAN_H_
#define ARMSTATE_SERVER_RESTORES_PLAN_H_

#include <cstddef>

#include "armstate/v1/restore_service.pb.h"
#include "server/verdict/judgement.h"
#include "server/verdict/resolved_target.h"

namespace armstate {

// Adds the reasons for the order of the writes.
void AddRestorePhases(IdScheme target, v1::PlanRestoreResponse& response);

// Returns the plan of one vCPU, in which every register of the checkpoint is a write or an omission. In a counter pair
// (core/counter_pairs.h) the register that clears is written with all ones.
//
// Omitted are registers that the target lacks, registers that the target refuses and that a tolerance allows to be
// skipped, and registers of the VM that were written to the previous vCPU with the same value. Registers that already
// hold the value in a fresh VM are written nevertheless: a probe's reset values may be those of another VM, and a write
// may change another register.
v1::VcpuRestorePlan PlanVcpu(const VerdictInput& checkpoint, const ResolvedTarget& target, const VmVerdict& judgement,
                             size_t vcpu);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RESTORES_PLAN_H_
