// The `cpu` sections of a QEMU stream, as bytes.
#ifndef ARMSTATE_TESTS_CLIENT_QEMU_STREAM_CPU_SECTIONS_H_
#define ARMSTATE_TESTS_CLIENT_QEMU_STREAM_CPU_SECTIONS_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "client/qemu/stream/migration_stream.h"

namespace armstate {

// Fails the test if the stream cannot be parsed.
MigrationStream Outline(absl::string_view stream);

// The bytes of a vCPU's `cpu` section, without header and footer.
std::string SectionBytes(const std::string& stream, size_t vcpu);

// Puts `bytes` over what stands at `offset`.
void Overwrite(std::string& stream, size_t offset, const std::string& bytes);

// The same VM with all CPU state lost: every byte of the `cpu` sections that is not a length, an ID, a subsection's
// header or the upper half of a 32-bit register's value is 0x5a, and the vCPUs are in another mode: EL1t, so that
// another stack pointer is the live one, or FIQ mode, which has the most banked registers.
std::string WithOtherCpuState(std::string stream);

}  // namespace armstate

#endif  // ARMSTATE_TESTS_CLIENT_QEMU_STREAM_CPU_SECTIONS_H_
