#include "server/verdict/accepted_values.h"

#include <string>

#include "absl/numeric/bits.h"

namespace armstate {
namespace {

constexpr int kMaxWidth = 5;  // bits

bool Keeps(EngineVcpu vcpu, size_t index, absl::string_view value) {
  if (!vcpu.Write(index, value).ok()) return false;
  std::string got(value.size(), '\0');
  return vcpu.Read(index, absl::MakeSpan(got)).ok() && got == value;
}

}  // namespace

std::vector<uint64_t> AcceptedValues(const EngineVcpu& vcpu, size_t index, uint64_t mask) {
  std::vector<uint64_t> accepted;
  const size_t bytes = vcpu.layout()->width(index);
  const int width = absl::popcount(mask), lsb = absl::countr_zero(mask);
  if (width > kMaxWidth || bytes > 8) return accepted;
  std::string own(bytes, '\0');
  EngineVcpu copy = vcpu;
  if (!copy.Read(index, absl::MakeSpan(own)).ok()) return accepted;
  const uint64_t others = LowWord(own) & ~mask;
  for (uint64_t value = 0; value < uint64_t{1} << width; ++value) {
    std::string tried(bytes, '\0');
    for (size_t i = 0; i < bytes; ++i) tried[i] = static_cast<char>((others | value << lsb) >> 8 * i);
    if (Keeps(vcpu, index, tried)) accepted.push_back(value);
  }
  return accepted;
}

}  // namespace armstate
