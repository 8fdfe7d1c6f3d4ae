// `KvmRestorer` restores the vCPUs of a checkpoint onto the vCPUs of a VM that a VMM has just created.
//
// Example, in a VMM (client/examples/restore_on_kvm.cc):
//   absl::Status RestoreOnKvm(const std::vector<VcpuState>& states, const VcpuFeatures& features, KvmVmCalls& vm,
//                             const std::function<std::vector<KvmVcpuCalls*>()>& create_vcpus,
//                             const std::function<void()>& create_gic) {
//     KvmRestorer restorer(vm);
//     restorer.Prepare(features);
//     const std::vector<KvmVcpuCalls*> vcpus = create_vcpus();  // KVM_CREATE_VCPU
//     if (absl::Status status = restorer.Init(vcpus, states); !status.ok()) return status;
//     create_gic();  // the in-kernel GIC, then the PMUs
//     const KvmRestoreResult result = restorer.Write(states);
//     return result.complete() ? absl::OkStatus() : absl::FailedPreconditionError("the host refuses a part of it");
//   }
//
// A restore does not stop at the first refusal: the result lists everything that the host refuses. A guest that runs in
// spite of that may fail at any later time, so run it only if the result is complete, or if you know that the rest is
// harmless.
//
// All calls must be made in the process that created the VM.
#ifndef ARMSTATE_CLIENT_KVM_RESTORE_H_
#define ARMSTATE_CLIENT_KVM_RESTORE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "client/kvm/calls.h"
#include "client/kvm/vcpu.h"
#include "core/counter_pairs.h"
#include "core/restore.h"
#include "core/vcpu_feature.h"
#include "core/vcpu_state.h"

namespace armstate {

// A feature that the host does not offer: its name as in Source.vcpu_features, the call that failed, and the name of
// its errno.
struct MissingKvmFeature {
  std::string feature;
  std::string call;
  std::string error;
};

struct KvmRestoreResult {
  // One report for each vCPU.
  std::vector<RestoreReport> reports;
  // Other state that could not be restored: "vCPU 1: KVM_SET_MP_STATE: EINVAL".
  std::vector<std::string> problems;
  // Features without which the vCPUs were made.
  std::vector<MissingKvmFeature> missing;

  // No report's verdict is kRefused, there are no problems, and no feature is missing.
  bool complete() const;
};

// Refers to the VM and its vCPUs, which must outlive it. Movable. Not thread-safe.
class KvmRestorer {
 public:
  explicit KvmRestorer(KvmVmCalls& vm) : vm_(&vm) {}

  // Step 1, before the VM has vCPUs: enables the VM's capabilities of `wanted` (memory tagging, writable implementation
  // ID). Those that the host lacks are missing.
  void Prepare(const VcpuFeatures& wanted);

  // Step 2, once the VM has all its vCPUs: KVM_ARM_VCPU_INIT with the host's preferred target, and all that must happen
  // between that and the other registers: the SVE vector lengths of states[i], which cannot be written after the vCPU
  // is finalised, and KVM_ARM_VCPU_FINALIZE. If KVM refuses the features, those for which the host has no capability
  // are missing, and the vCPUs are made without them.
  //
  // FAILED_PRECONDITION, reason VCPU_COUNT_DIFFERS; otherwise the answer of a call that is indispensable.
  absl::Status Init(absl::Span<KvmVcpuCalls* const> vcpus, absl::Span<const VcpuState> states);

  // Step 3, after the VMM has made the in-kernel GIC and then the PMUs: writes the registers of states[i] to vCPU i, of
  // all vCPUs before any is read back, as some registers are shared by the whole VM. Then KVM_SET_VCPU_EVENTS and
  // KVM_SET_MP_STATE where the state has them (client/kvm/capture.h).
  //
  // orders[i], if it exists and is not empty, holds the IDs of vCPU i in the order in which they are written, e.g. a
  // plan's; other registers are not written. The default order is that of core/restore_order.h. There must be as many
  // `states` as vCPUs.
  //
  // Counters run on while the registers are read back, so ISTATUS of a timer's control register may change: such a
  // finding has the tolerance "timer-status" and refuses nothing.
  KvmRestoreResult Write(absl::Span<const VcpuState> states, absl::Span<const std::vector<uint64_t>> orders = {},
                         CounterPairWrites pairs = CounterPairWrites::kClearFirst);

  // The features that the vCPUs have, of those that were wanted.
  const VcpuFeatures& features() const { return features_; }
  const std::vector<MissingKvmFeature>& missing() const { return missing_; }
  // The vCPUs after Init.
  absl::Span<KvmVcpu> vcpus() { return absl::MakeSpan(vcpus_); }

 private:
  KvmErrno InitVcpu(KvmVcpuCalls& vcpu, KvmVcpuInit& init);

  KvmVmCalls* vm_;
  VcpuFeatures features_;
  std::vector<MissingKvmFeature> missing_;
  std::vector<KvmVcpu> vcpus_;
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_KVM_RESTORE_H_
