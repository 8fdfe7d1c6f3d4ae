// `CaptureQemuStream` reads the state of all vCPUs out of a QEMU migration stream.
//
// Example (client/examples/push_stream.cc):
//   absl::Status PushStream(absl::string_view stream, const Connection& connection) {
//     absl::StatusOr<QemuCapture> capture = CaptureQemuStream(stream);
//     if (!capture.ok()) return capture.status();
//     v1::CreateCheckpointRequest request;
//     request.set_parent("vms/web-1");
//     request.mutable_checkpoint()->mutable_source()->set_accelerator(v1::ACCELERATOR_TCG);
//     for (VcpuState& vcpu : capture->vcpus) {
//       *request.mutable_checkpoint()->add_vcpus() = VcpuStateToProto(std::move(vcpu));
//     }
//     return CheckpointClient(connection).CreateCheckpoint(std::move(request)).status();
//   }
#ifndef ARMSTATE_CLIENT_QEMU_CAPTURE_H_
#define ARMSTATE_CLIENT_QEMU_CAPTURE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/list_origin.h"
#include "core/vcpu_state.h"

namespace armstate {

struct QemuCapture {
  // By index, from 0 without gaps.
  std::vector<VcpuState> vcpus;
  // State of the vCPU that the stream lacks. Empty if the capture is complete.
  std::vector<CaptureGap> gaps;
  // The origin of the lists; kUnknown if they do not show it. A Cortex-M, which has no lists, is of QEMU's emulation.
  ListOrigin origin = ListOrigin::kUnknown;
  // As QEMU names it, e.g. "virt-7.2"; empty if the stream does not say.
  std::string machine_type;
  // Remarks about the stream for the user.
  std::vector<std::string> notes;
};

// A vCPU's list holds the stream's own list of system and coprocessor registers with IDs and values as they are, and
// the core, floating-point and vector registers under KVM's IDs: those of arm64 when the vCPU is in AArch64 state, else
// those of arm. All else is in its opaque fields (client/qemu/stream/opaque_fields.h).
//
// Errors: INVALID_ARGUMENT, STREAM_MALFORMED, with the offset, the section and the register where known.
absl::StatusOr<QemuCapture> CaptureQemuStream(absl::string_view stream);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_QEMU_CAPTURE_H_
