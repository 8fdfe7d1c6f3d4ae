// QEMU migration stream -> the state of all vCPUs.
//
// Example:
//   ASSIGN_OR_RETURN(QemuCapture capture, CaptureQemuStream(bytes));
//   for (const VcpuState& vcpu : capture.vcpus) Store(vcpu.registers);
#ifndef ARMSTATE_CLIENT_QEMU_QEMU_CAPTURE_H_
#define ARMSTATE_CLIENT_QEMU_QEMU_CAPTURE_H_

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
  // What the stream does not have although the vCPU does. Empty if the capture is complete.
  std::vector<CaptureGap> gaps;
  // What made the lists; kUnknown if they do not show it. A Cortex-M, which has no lists, is of QEMU's emulation.
  ListOrigin origin = ListOrigin::kUnknown;
  // As QEMU names it, e.g. "virt-7.2"; empty if the stream does not say.
  std::string machine_type;
  // What the user should know about the stream.
  std::vector<std::string> notes;
};

// A vCPU's list holds the stream's own list of system and coprocessor registers with IDs and values as they are, and
// the core, floating-point and vector registers under KVM's IDs: those of arm64 when the vCPU is in AArch64 state, else
// those of arm. All else is in its opaque fields (client/qemu/opaque_fields.h).
//
// Errors: INVALID_ARGUMENT, STREAM_MALFORMED, with the offset, the section and the register where known.
absl::StatusOr<QemuCapture> CaptureQemuStream(absl::string_view stream);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_QEMU_QEMU_CAPTURE_H_
