// `ScratchVm` is a VM of the host's KVM for experiments.
#ifndef ARMSTATE_CLIENT_KVM_PROBE_SCRATCH_VM_H_
#define ARMSTATE_CLIENT_KVM_PROBE_SCRATCH_VM_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "client/kvm/vm.h"
#include "core/vcpu_feature.h"

namespace armstate {

// Two vCPUs, and where the host has one a GICv3 (an ID register tells the guest of it).
struct ScratchVm {
  std::unique_ptr<KvmVm> vm;  // null in tests
  std::vector<KvmVcpuCalls*> vcpus;
};

// All steps up to a VM that can run. Errors name the step and its errno. vector_lengths: of SVE, if not the host's
// default: bit n for n + 1 quadwords.
absl::StatusOr<ScratchVm> CreateScratchVm(const VcpuFeatures& features,
                                          absl::optional<uint64_t> vector_lengths = absl::nullopt);

// As far as vCPU 0's KVM_ARM_VCPU_INIT with a target, which answers `error`; without SVE's KVM_ARM_VCPU_FINALIZE.
absl::StatusOr<ScratchVm> CreateUnfinishedVm(const VcpuFeatures& features, uint32_t target, KvmErrno& error);

// Runs two instructions on each vCPU. UNAVAILABLE if they did not end as expected.
absl::Status RunPayload(KvmVm& vm);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_KVM_PROBE_SCRATCH_VM_H_
