// `CaptureKvmVcpus` reads the state of all vCPUs of a KVM VM.
//
// Example, in a VMM (client/examples/push_from_kvm.cc):
//   // `vcpus` are e.g. KvmVcpuFd (client/kvm/vm.h), one for each vCPU of the VM, all stopped.
//   absl::Status PushFromKvm(absl::Span<KvmVcpuCalls* const> vcpus, const Connection& connection) {
//     absl::StatusOr<KvmCapture> capture = CaptureKvmVcpus(vcpus);
//     if (!capture.ok()) return capture.status();
//     v1::CreateCheckpointRequest request;
//     request.set_parent("vms/web-1");
//     v1::Checkpoint& checkpoint = *request.mutable_checkpoint();
//     checkpoint.mutable_source()->set_accelerator(v1::ACCELERATOR_KVM);
//     for (VcpuState& vcpu : capture->vcpus) *checkpoint.add_vcpus() = VcpuStateToProto(std::move(vcpu));
//     for (const CaptureGap& gap : capture->gaps) *checkpoint.add_gaps() = CaptureGapToProto(gap);
//     return CheckpointClient(connection).CreateCheckpoint(std::move(request)).status();
//   }
#ifndef ARMSTATE_CLIENT_KVM_CAPTURE_H_
#define ARMSTATE_CLIENT_KVM_CAPTURE_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "client/kvm/calls.h"
#include "core/vcpu_state.h"

namespace armstate {

// OpaqueField names of the state that a KVM vCPU has beside its registers: struct kvm_vcpu_events (64 bytes), and the
// number of struct kvm_mp_state (4 bytes, little-endian).
inline constexpr char kKvmEventsField[] = "kvm.vcpu_events";
inline constexpr char kKvmMpStateField[] = "kvm.mp_state";

struct KvmCapture {
  // As many as `vcpus`, with indexes from 0.
  std::vector<VcpuState> vcpus;
  // Registers that could not be read. Empty if the capture is complete.
  std::vector<CaptureGap> gaps;
};

// All vCPUs of a VM, in the order of their indexes. None of them is running: the VMM has made their threads leave
// KVM_RUN. A pending exit that the VMM has answered in struct kvm_run (KVM_EXIT_MMIO) is completed first: until then,
// the answer is in no register.
//
// Goes on after a register that cannot be read, which is a gap. Errors: a vCPU that is not initialised (ENOEXEC), not
// finalised (EPERM) or of another process (EIO) has nothing that could be captured.
absl::StatusOr<KvmCapture> CaptureKvmVcpus(absl::Span<KvmVcpuCalls* const> vcpus);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_KVM_CAPTURE_H_
