// A checkpoint's parts -> the vCPUs of a VM that a VMM has just made.
//
// Example, in a VMM:
//   std::vector<MissingKvmFeature> missing;
//   VcpuFeatures features = EnableKvmCapabilities(vm, wanted, missing);  // before there are vCPUs
//   ... KVM_CREATE_VCPU of all vCPUs ...
//   absl::StatusOr<std::vector<KvmVcpu>> ports = InitKvmVcpus(vm, {&vcpu0, &vcpu1}, features, states, missing);
//   ... the in-kernel GIC, then the PMUs ...
//   KvmRestoreResult result = RestoreKvmVcpus(states, absl::MakeSpan(*ports));
//   if (missing.empty() && result.complete()) ... let the vCPUs run ...
//
// Nothing here stops at the first refusal: all that the host refuses is in `missing` and in the result. A guest that
// goes on without it may fail at any time later, so run it only if both are empty, or if you know that the rest is
// harmless.
//
// Not thread-safe, and all in the process that made the VM.
#ifndef ARMSTATE_CLIENT_KVM_KVM_RESTORE_H_
#define ARMSTATE_CLIENT_KVM_KVM_RESTORE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "client/kvm/kvm_calls.h"
#include "client/kvm/kvm_vcpu.h"
#include "core/restore.h"
#include "core/vcpu_feature.h"
#include "core/vcpu_state.h"

namespace armstate {

// A feature that the host does not give: as in Source.vcpu_features, the call that failed, and its errno's name.
struct MissingKvmFeature {
  std::string feature;
  std::string call;
  std::string error;
};

// Switches the VM's capabilities of `wanted` on (memory tagging, writable implementation ID). Returns `wanted` without
// those that failed, which are added to `missing`.
VcpuFeatures EnableKvmCapabilities(KvmVmCalls& vm, const VcpuFeatures& wanted, std::vector<MissingKvmFeature>& missing);

// KVM_ARM_VCPU_INIT of all vCPUs with the host's preferred target, and what must come between that and all other
// registers: the SVE vector lengths of states[i], which cannot be written any more once the vCPU is finalised, and
// KVM_ARM_VCPU_FINALIZE. Where KVM refuses `features`, those that the host has no capability for are added to `missing`
// and the vCPUs made without them.
//
// FAILED_PRECONDITION, reason VCPU_COUNT_DIFFERS; otherwise what a call answers that cannot be done without.
absl::StatusOr<std::vector<KvmVcpu>> InitKvmVcpus(KvmVmCalls& vm, absl::Span<KvmVcpuCalls* const> vcpus,
                                                  const VcpuFeatures& features, absl::Span<const VcpuState> states,
                                                  std::vector<MissingKvmFeature>& missing);

struct KvmRestoreResult {
  // Of each vCPU.
  std::vector<RestoreReport> reports;
  // What else could not be restored: "vCPU 1: KVM_SET_MP_STATE: EINVAL".
  std::vector<std::string> problems;

  // No report's verdict is kRefused, and there are no problems.
  bool complete() const;
};

// Writes the registers of states[i] to vcpus[i]: all vCPUs before any is read back, since some registers are the VM's.
// Then KVM_SET_VCPU_EVENTS and KVM_SET_MP_STATE where the state has them (client/kvm/kvm_capture.h).
//
// orders[i], if there is one and it is not empty: the IDs of vCPU i in the order in which they are written, e.g. a
// plan's; registers that it lacks are not written. Otherwise the order is core/restore_order.h's. `states` are as many
// as `vcpus`.
//
// The counters go on while the registers are read back, so ISTATUS of a timer's control register may have changed
// meanwhile: such a finding has the tolerance "timer-status", and refuses nothing.
KvmRestoreResult RestoreKvmVcpus(absl::Span<const VcpuState> states, absl::Span<KvmVcpu> vcpus,
                                 absl::Span<const std::vector<uint64_t>> orders = {},
                                 CounterPairWrites pairs = CounterPairWrites::kClearFirst);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_KVM_KVM_RESTORE_H_
