// Migration streams made by hand, byte by byte.
#ifndef ARMSTATE_TESTS_CLIENT_QEMU_STREAM_STREAM_BUILDER_H_
#define ARMSTATE_TESTS_CLIENT_QEMU_STREAM_STREAM_BUILDER_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace armstate {

std::string BigEndian(uint64_t value, size_t width);
// With its length before it, in one byte.
std::string Counted(absl::string_view text);

inline std::string StreamHeader() { return "QEVM" + BigEndian(3, 4); }
// A full section with its footer, or without one (QEMU before 2.4).
std::string FullSection(uint32_t id, absl::string_view name, uint32_t instance, uint32_t version,
                        absl::string_view payload, bool footer = true);
std::string Subsection(absl::string_view name, uint32_t version, absl::string_view body);

using IdAndValue = std::pair<uint64_t, uint64_t>;

// The payload of a `cpu` section of version 12: every byte of the first fields (184 bytes) is its offset, but for the
// CPSR, which is `cpsr`; then the list, and exclusive_addr, _val, _high = 1, 2, 3 and features = 4.
std::string CpuSection12(uint32_t cpsr, const std::vector<IdAndValue>& registers);

// The payload of a `cpu` section of version 22 with zeros in all fields but the CPSR.
std::string CpuSection22(uint32_t cpsr, const std::vector<IdAndValue>& registers);

}  // namespace armstate

#endif  // ARMSTATE_TESTS_CLIENT_QEMU_STREAM_STREAM_BUILDER_H_
