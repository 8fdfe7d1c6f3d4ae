// `ConvertQemuStream` rewrites the `cpu` sections of a QEMU migration stream onto the register lists of another QEMU or
// another host. All else stays, byte for byte: RAM, devices, and in the JSON description all that does not describe a
// `cpu` section. But for QEMU before 10.0 a command is left out that it refuses (SWITCHOVER_START, stream_format.h).
//
// The server decides what the target's vCPUs are to hold: client/state_conversion.h has both steps, and an example.
#ifndef ARMSTATE_CLIENT_QEMU_CONVERSION_H_
#define ARMSTATE_CLIENT_QEMU_CONVERSION_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "client/qemu/release_fit.h"
#include "client/qemu/stream/patch.h"
#include "client/qemu/stream/release.h"
#include "core/vcpu_state.h"

namespace armstate {

struct QemuConversion {
  // Ascending and apart from each other; there also if something is lost.
  std::vector<StreamPatch> patches;
  // State of the guest that the target's release has no place for: the caller asks before the patches are used.
  std::vector<SubsectionLoss> losses;
  // Remarks about the stream for the user, and parts that were left out without a loss.
  std::vector<std::string> notes;
};

// `vcpus` are all vCPUs of the stream, by index, each with
//   registers      all that the target is to hold: its own list, whichever it is, and the core, floating-point and
//                  vector registers that a capture of this stream has. KVM_REG_ARM64_SVE_VLS is passed over
//   opaque_fields  those that a capture of this stream has; the upper bits of 32-bit constants
//                  (cpreg_vmstate_values[ID], opaque_fields.h) may be others
//
// The subsection cpu/sve is there if Z registers are among the registers, and not if V registers are.
//
// `target` is the release of QEMU that is to load the stream; subsections that it does not know are left out
// (release_fit.h). Without it, the stream is for the same QEMU on another host, or an unknown one: all subsections
// stay, and a QEMU that does not know one refuses the stream rather than lose it.
//
// Errors: STREAM_MALFORMED; FAILED_PRECONDITION, VCPU_COUNT_DIFFERS; INVALID_ARGUMENT, FIELD_INVALID, metadata "field",
// for opaque fields that are not of a `cpu` section of this version or do not fit, and metadata "register_id" for a
// register that the section has and `vcpus` does not, or the other way round, or has no room for.
absl::StatusOr<QemuConversion> ConvertQemuStream(absl::string_view stream, absl::Span<const VcpuState> vcpus,
                                                 absl::optional<QemuRelease> target);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_QEMU_CONVERSION_H_
