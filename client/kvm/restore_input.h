// `KvmRestoreInput` is the state to write to the vCPUs of a VM: a checkpoint as it is, or the server's plan.
#ifndef ARMSTATE_CLIENT_KVM_RESTORE_INPUT_H_
#define ARMSTATE_CLIENT_KVM_RESTORE_INPUT_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "armstate/v1/checkpoint.pb.h"
#include "armstate/v1/restore_service.pb.h"
#include "client/kvm/restore.h"
#include "core/vcpu_state.h"

namespace armstate {

// Has the arguments of KvmRestorer::Write, and the changes in its result that are known to be harmless.
struct KvmRestoreInput {
  // A register that will not hold the checkpoint's value.
  struct Tolerated {
    std::string got;  // what it will hold
    std::string tolerance;
    std::string reason;
  };

  // vCPU 0, 1, ...
  std::vector<VcpuState> states;
  // By vCPU; empty for the port's own order.
  std::vector<std::vector<uint64_t>> orders;
  // By vCPU and register ID: where the plan's verdict names a tolerance. Empty without a plan.
  std::vector<std::map<uint64_t, Tolerated>> tolerated;
};

// All of the checkpoint. INVALID_ARGUMENT, with the reasons of VcpuStateFromProto; FIELD_INVALID if the vCPUs are not
// numbered from 0, or if the checkpoint comes from QEMU's emulation, whose IDs have other meanings on KVM: only a plan
// says which.
absl::StatusOr<KvmRestoreInput> CheckpointStates(const v1::Checkpoint& checkpoint);

// The plan's writes, and from the checkpoint what no register ID names (core/translate.h if it is QEMU's).
// INVALID_ARGUMENT, FIELD_INVALID or REGISTER_LIST_MALFORMED, if the plan writes a register twice or a value of another
// width, or is for other vCPUs.
absl::StatusOr<KvmRestoreInput> PlannedStates(const v1::PlanRestoreResponse& plan, const v1::Checkpoint& checkpoint);

// Sets the plan's tolerances in the findings whose values are those of the plan, and computes the verdicts again:
// what happened as planned refuses nothing.
void ApplyPlanTolerances(const KvmRestoreInput& input, KvmRestoreResult& result);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_KVM_RESTORE_INPUT_H_
