#include "tests/client/qemu/stream/cpu_sections.h"

#include <cstdint>
#include <utility>

#include "gtest/gtest.h"

namespace armstate {

MigrationStream Outline(absl::string_view stream) {
  absl::StatusOr<MigrationStream> outline = ParseMigrationStream(stream);
  EXPECT_TRUE(outline.ok()) << outline.status();
  return outline.ok() ? *std::move(outline) : MigrationStream();
}

std::string SectionBytes(const std::string& stream, size_t vcpu) {
  const VcpuSection section = Outline(stream).vcpus.at(vcpu);
  return stream.substr(section.header.payload, section.cpu.size);
}

void Overwrite(std::string& stream, size_t offset, const std::string& bytes) {
  stream.replace(offset, bytes.size(), bytes);
}

std::string WithOtherCpuState(std::string stream) {
  for (const VcpuSection& vcpu : Outline(stream).vcpus) {
    const size_t begin = vcpu.header.payload;
    // Bit 4 of cpsr: nRW.
    const bool aarch64 = (stream[begin + 331] & 0x10) == 0;
    for (const CpuField& field : vcpu.cpu.fields) {
      Overwrite(stream, begin + field.offset, std::string(field.info.width * field.info.count, 0x5a));
    }
    for (size_t i = 0; i < vcpu.cpu.register_count; ++i) {
      const bool is_u32 = (static_cast<uint8_t>(stream[begin + vcpu.cpu.ids + 8 * i + 1]) >> 4) == 2;
      Overwrite(stream, begin + vcpu.cpu.values + 8 * i + (is_u32 ? 4 : 0), std::string(is_u32 ? 4 : 8, 0x5a));
    }
    for (const CpuSubsection& subsection : vcpu.cpu.subsections) {
      Overwrite(stream, begin + subsection.body, std::string(subsection.end - subsection.body, 0x5a));
    }
    Overwrite(stream, begin + 328, std::string("\0\0\0", 3) + (aarch64 ? '\x04' : '\x11'));
  }
  return stream;
}

}  // namespace armstate
