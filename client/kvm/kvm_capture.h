// KVM vCPUs -> a checkpoint's parts.
#ifndef ARMSTATE_CLIENT_KVM_KVM_CAPTURE_H_
#define ARMSTATE_CLIENT_KVM_KVM_CAPTURE_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "client/kvm/kvm_calls.h"
#include "core/vcpu_state.h"

namespace armstate {

// OpaqueField names of what a KVM vCPU has beside its registers: struct kvm_vcpu_events (64 bytes), and the number of
// struct kvm_mp_state (4 bytes, little-endian).
inline constexpr char kKvmEventsField[] = "kvm.vcpu_events";
inline constexpr char kKvmMpStateField[] = "kvm.mp_state";

struct KvmCapture {
  // As many as `vcpus`, with indexes from 0.
  std::vector<VcpuState> vcpus;
  // Registers that could not be read. Empty if the capture is complete.
  std::vector<CaptureGap> gaps;
};

// All vCPUs of a VM, in the order of their indexes. None of them is running: the VMM has made their threads leave
// KVM_RUN. What the guest waits for from the VMM (KVM_EXIT_MMIO, already answered in struct kvm_run) is completed
// first, since until then it is in no register.
//
// Example, in a VMM whose vCPUs are stopped:
//   KvmVcpuFd vcpu0(fd0, run0), vcpu1(fd1, run1);
//   absl::StatusOr<KvmCapture> capture = CaptureKvmVcpus({&vcpu0, &vcpu1});
//   for (VcpuState& state : capture->vcpus) *checkpoint.add_vcpus() = VcpuStateToProto(std::move(state));
//
// Goes on after a register that cannot be read, which is a gap. Errors: a vCPU that is not initialised (ENOEXEC), not
// finalised (EPERM) or of another process (EIO) has nothing that could be captured.
absl::StatusOr<KvmCapture> CaptureKvmVcpus(absl::Span<KvmVcpuCalls* const> vcpus);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_KVM_KVM_CAPTURE_H_
