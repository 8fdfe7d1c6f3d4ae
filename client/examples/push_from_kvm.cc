// Example: stores the state of a VM's KVM vCPUs as a checkpoint.
#include <utility>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "client/checkpoint_client.h"
#include "client/connection.h"
#include "client/kvm/capture.h"
#include "proto/vcpu_state_conversion.h"

namespace armstate {

// [START example]
// `vcpus` are e.g. KvmVcpuFd (client/kvm/vm.h), one for each vCPU of the VM, all stopped.
absl::Status PushFromKvm(absl::Span<KvmVcpuCalls* const> vcpus, const Connection& connection) {
  absl::StatusOr<KvmCapture> capture = CaptureKvmVcpus(vcpus);
  if (!capture.ok()) return capture.status();
  v1::CreateCheckpointRequest request;
  request.set_parent("vms/web-1");
  v1::Checkpoint& checkpoint = *request.mutable_checkpoint();
  checkpoint.mutable_source()->set_accelerator(v1::ACCELERATOR_KVM);
  for (VcpuState& vcpu : capture->vcpus) *checkpoint.add_vcpus() = VcpuStateToProto(std::move(vcpu));
  for (const CaptureGap& gap : capture->gaps) *checkpoint.add_gaps() = CaptureGapToProto(gap);
  return CheckpointClient(connection).CreateCheckpoint(std::move(request)).status();
}
// [END example]

}  // namespace armstate
