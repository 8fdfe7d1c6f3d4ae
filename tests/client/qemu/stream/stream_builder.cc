#include "tests/client/qemu/stream/stream_builder.h"

#include "absl/strings/str_cat.h"

namespace armstate {
namespace {

std::string List(const std::vector<IdAndValue>& registers) {
  std::string ids;
  std::string values;
  for (const auto& [id, value] : registers) {
    ids += BigEndian(id, 8);
    values += BigEndian(value, 8);
  }
  return BigEndian(registers.size(), 4) + ids + values;
}

}  // namespace

std::string BigEndian(uint64_t value, size_t width) {
  std::string bytes;
  for (size_t i = width; i > 0; --i) bytes.push_back(i > 8 ? '\0' : static_cast<char>(value >> 8 * (i - 1)));
  return bytes;
}

std::string Counted(absl::string_view text) { return BigEndian(text.size(), 1) + std::string(text); }

std::string FullSection(uint32_t id, absl::string_view name, uint32_t instance, uint32_t version,
                        absl::string_view payload, bool footer) {
  return absl::StrCat("\x04", BigEndian(id, 4), Counted(name), BigEndian(instance, 4), BigEndian(version, 4), payload,
                      footer ? "\x7e" + BigEndian(id, 4) : "");
}

std::string Subsection(absl::string_view name, uint32_t version, absl::string_view body) {
  return absl::StrCat("\x05", Counted(name), BigEndian(version, 4), body);
}

std::string CpuSection12(uint32_t cpsr, const std::vector<IdAndValue>& registers) {
  std::string head;
  for (int i = 0; i < 184; ++i) head.push_back(static_cast<char>(i));
  head.replace(64, 4, BigEndian(cpsr, 4));
  return head + List(registers) + BigEndian(1, 4) + BigEndian(2, 4) + BigEndian(3, 4) + BigEndian(4, 8);
}

std::string CpuSection22(uint32_t cpsr, const std::vector<IdAndValue>& registers) {
  std::string head(568, '\0');
  head.replace(328, 4, BigEndian(cpsr, 4));
  return head + List(registers) + std::string(65, '\0');
}

}  // namespace armstate
