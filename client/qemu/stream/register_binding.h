// `RegisterBinding` maps registers to the bytes of a `cpu` section that hold them.
#ifndef ARMSTATE_CLIENT_QEMU_STREAM_REGISTER_BINDING_H_
#define ARMSTATE_CLIENT_QEMU_STREAM_REGISTER_BINDING_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/qemu/stream/cpu_section.h"
#include "core/register_id.h"

namespace armstate {

// Bytes of the section that hold a part of a register, as one big-endian number.
struct RegisterSegment {
  size_t offset;  // in the section
  uint8_t width;  // in bytes, 1 to 8
};

// Segments from the least significant one up. A register may be wider than its segments: then its upper bits must be 0.
struct RegisterBinding {
  RegisterId id;
  std::vector<RegisterSegment> segments;
  // The bits of a (single, 32-bit) segment that are this register's: FPSR and FPCR share one.
  uint32_t mask = 0xffffffff;
};

// The IDs of the section's own list, in its order; not checked.
std::vector<uint64_t> ListedIds(const CpuSection& section, absl::string_view payload);

// The way to read the registers of a section.
enum class ExecutionState { kAarch64, kAarch32, kMProfile };

// AArch64 or AArch32 by bit 4 of the field `cpsr`, M-profile by the subsection cpu/m.
//
// STREAM_MALFORMED for a mode that does not exist, and for AArch64 state on a CPU whose list shows that it has no
// AArch64. `stream_offset` is that of the section's payload, for errors.
absl::StatusOr<ExecutionState> GetExecutionState(const CpuSection& section, absl::string_view payload,
                                                 size_t stream_offset, absl::string_view name);

// Bindings of all registers, ascending by ID: those of the section's own list, and the core, floating-point and vector
// registers, which get KVM's IDs. Which bytes are live depends on the mode that the section is in: QEMU keeps the
// registers of the current mode apart from the banks of the others.
//
// STREAM_MALFORMED for an ID in the list that is no register ID, is there twice, does not ascend (but HVF's lists are
// not sorted), is too wide for its slot, or is of a class that no list may hold; and for a value that is wider than its
// register, unless that is an identification register: those bits are not part of the binding.
absl::StatusOr<std::vector<RegisterBinding>> BindRegisters(const CpuSection& section, absl::string_view payload,
                                                           ExecutionState state, size_t stream_offset,
                                                           absl::string_view name);

// The register's value, little-endian, as wide as its ID says.
std::string LoadRegister(absl::string_view payload, const RegisterBinding& binding);

// OK if the bytes of the binding can hold the value. OUT_OF_RANGE if not, with the reason.
absl::Status CheckFits(const RegisterBinding& binding, absl::string_view value);

// `value` must fit.
void StoreRegister(const RegisterBinding& binding, absl::string_view value, std::string& payload);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_QEMU_STREAM_REGISTER_BINDING_H_
