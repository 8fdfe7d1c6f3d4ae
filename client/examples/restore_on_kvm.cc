// Example: restores a checkpoint onto the vCPUs of a new KVM VM.
#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "client/kvm/restore.h"

namespace armstate {

// [START example]
absl::Status RestoreOnKvm(const std::vector<VcpuState>& states, const VcpuFeatures& features, KvmVmCalls& vm,
                          const std::function<std::vector<KvmVcpuCalls*>()>& create_vcpus,
                          const std::function<void()>& create_gic) {
  KvmRestorer restorer(vm);
  restorer.Prepare(features);
  const std::vector<KvmVcpuCalls*> vcpus = create_vcpus();  // KVM_CREATE_VCPU
  if (absl::Status status = restorer.Init(vcpus, states); !status.ok()) return status;
  create_gic();  // the in-kernel GIC, then the PMUs
  const KvmRestoreResult result = restorer.Write(states);
  return result.complete() ? absl::OkStatus() : absl::FailedPreconditionError("the host refuses a part of it");
}
// [END example]

}  // namespace armstate
