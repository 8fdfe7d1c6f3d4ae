// `QemuStreamVcpu` is one `cpu` section of a QEMU migration stream as a vCPU register port.
#ifndef ARMSTATE_CLIENT_QEMU_STREAM_VCPU_H_
#define ARMSTATE_CLIENT_QEMU_STREAM_VCPU_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/qemu/stream/cpu_section.h"
#include "client/qemu/stream/opaque_fields.h"
#include "client/qemu/stream/register_binding.h"
#include "core/vcpu_register_port.h"
#include "core/vcpu_state.h"

namespace armstate {

// The place of a `cpu` section, and its name in errors.
struct CpuSectionPlace {
  absl::string_view payload;
  size_t stream_offset = 0;
  std::string name;  // "cpu 0"
};

// Holds a copy of the section; the stream is not touched. Registers are written into the copy and EncodeSection() gives
// its bytes. The registers are those of the section's list and, in the state that the vCPU is in (AArch64, AArch32,
// M-profile), the core, floating-point and vector registers under KVM's IDs. A write that the section has no room for
// is OUT_OF_RANGE; all others are kept. What QEMU itself will say to the values, this port does not know.
//
// Not thread-safe.
class QemuStreamVcpu : public VcpuRegisterPort {
 public:
  // The section as it is. STREAM_MALFORMED if its registers cannot be separated.
  static absl::StatusOr<std::unique_ptr<QemuStreamVcpu>> Create(const CpuSection& section,
                                                                const CpuSectionPlace& place);

  // The section made ready to take the checkpoint: in the checkpoint's execution state, with its opaque fields; the
  // registers of that state which the section had keep their values until they are written, the others are 0.
  //
  // FIELD_INVALID if the opaque fields do not fit.
  static absl::StatusOr<std::unique_ptr<QemuStreamVcpu>> CreateTarget(const CpuSection& section,
                                                                      const CpuSectionPlace& place,
                                                                      const VcpuState& checkpoint);

  const std::shared_ptr<const RegisterLayout>& layout() const override { return registers_.shared_layout(); }
  absl::Status Read(size_t index, absl::Span<char> value) override;
  absl::Status Write(size_t index, absl::string_view value) override;
  absl::Span<const uint32_t> restore_order() const override { return order_; }

  ExecutionState execution_state() const { return state_; }
  const CpuSectionImage& image() const { return image_; }
  const std::vector<RegisterBinding>& bindings() const { return bindings_; }

  // The section's bytes with all that was written. FIELD_INVALID if the CPU cannot be in the mode that was written.
  absl::StatusOr<std::string> EncodeSection() const;

 private:
  QemuStreamVcpu(CpuSectionImage image, ExecutionState state, std::vector<RegisterBinding> bindings,
                 RegisterList registers);

  CpuSectionImage image_;
  ExecutionState state_;
  // By position in the layout. Which bytes they mean is right for the mode in the image; EncodeSection() binds again.
  std::vector<RegisterBinding> bindings_;
  RegisterList registers_;
  std::string values_;
  std::vector<uint32_t> order_;
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_QEMU_STREAM_VCPU_H_
