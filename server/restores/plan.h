// The writes that bring a target to a checkpoint's state.
#ifndef ARMSTATE_SERVER_RESTORES_PLAN_H_
#define ARMSTATE_SERVER_RESTORES_PLAN_H_

#include <cstddef>

#include "armstate/v1/restore_service.pb.h"
#include "server/verdict/judged_target.h"
#include "server/verdict/judgement.h"

namespace armstate {

// Why the writes of a plan stand in their order.
void AddRestorePhases(IdScheme target, v1::PlanRestoreResponse& response);

// The plan of one vCPU. Every register of the checkpoint is a write or an omission. Of a counter
// pair (core/counter_pairs.h) the register that clears is written with all ones. Left out is
// what the target lacks, what a tolerance gives up on because the target refuses it, and what is the VM's and was
// written to the vCPU before with the same value. Registers that a fresh VM holds already are written: a probe's reset
// values may be of another VM, and a write may change another register.
v1::VcpuRestorePlan PlanVcpu(const VerdictInput& checkpoint, const ResolvedTarget& target, const VmVerdict& judgement,
                             size_t vcpu);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RESTORES_PLAN_H_
