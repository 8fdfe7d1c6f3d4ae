// The restore of a whole checkpoint, vCPU by vCPU, onto engine vCPUs.
#ifndef ARMSTATE_SERVER_VM_RESTORE_H_
#define ARMSTATE_SERVER_VM_RESTORE_H_

#include <vector>

#include "core/engine_vcpu.h"
#include "core/restore.h"
#include "core/vcpu_state.h"

namespace armstate {

struct VmRestore {
  // The worst of all vCPUs.
  Verdict verdict = Verdict::kAccepted;
  // One for each vCPU, in order.
  std::vector<RestoreReport> reports;
  // The vCPUs were left as they were.
  bool rolled_back = false;
};

// Restores `checkpoint` into `vcpus`, of which there are as many. All or nothing over all of them with kPutBack; every
// register has its outcome in either case, since the work is done on copies.
VmRestore RestoreVm(const std::vector<VcpuState>& checkpoint, std::vector<EngineVcpu>& vcpus, OnRefusal on_refusal);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_VM_RESTORE_H_
