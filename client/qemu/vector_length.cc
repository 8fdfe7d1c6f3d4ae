#include "client/qemu/vector_length.h"

#include <algorithm>
#include <cstdint>

#include "core/register_id.h"

namespace armstate {
namespace {

constexpr unsigned kLongest = 2048;
constexpr RegisterId kPstate = RegisterId::Known<0x6030000000100042>();
constexpr RegisterId kSvcr = RegisterId::System(3, 3, 4, 2, 2);
constexpr RegisterId kHcrEl2 = RegisterId::System(3, 4, 1, 1, 0);
constexpr RegisterId kScrEl3 = RegisterId::System(3, 6, 1, 1, 0);
constexpr uint64_t kTrapGeneralExceptions = uint64_t{1} << 27;  // HCR_EL2.TGE

// ZCR_ELx and SMCR_ELx: op1 is 0, 4, 6 for EL1, EL2, EL3.
RegisterId LengthControl(unsigned level, bool streaming) {
  return RegisterId::System(3, level == 1 ? 0 : 2 * level, 1, 2, streaming ? 6 : 0);
}

// QEMU also lists the controls of exception levels that the CPU lacks; these have no effect. It lists VBAR_ELx only if
// the CPU has the level.
bool LevelLimits(const RegisterList& registers, unsigned level) {
  if (level == 1) return true;
  if (!registers.Find(RegisterId::System(3, 2 * level, 12, 0, 0))) return false;
  // In Secure state EL2 may be disabled.
  const absl::optional<absl::string_view> scr = registers.Find(kScrEl3);
  return level == 3 || !scr || (LowWord(*scr) & 1) != 0;
}

uint64_t ValueOf(const RegisterList& registers, RegisterId id) {
  const absl::optional<absl::string_view> value = registers.Find(id);
  return value ? LowWord(*value) : 0;
}

}  // namespace

unsigned MaxVectorBits(const RegisterList& registers) {
  unsigned level = ValueOf(registers, kPstate) >> 2 & 3;
  // EL1's control applies to EL0, except where EL0 runs under EL2 (HCR_EL2.TGE).
  if (level == 0) level = (ValueOf(registers, kHcrEl2) & kTrapGeneralExceptions) != 0 ? 2 : 1;
  const bool streaming = (ValueOf(registers, kSvcr) & 1) != 0;
  unsigned bits = kLongest;
  for (; level <= 3; ++level) {
    if (!LevelLimits(registers, level)) continue;
    const absl::optional<absl::string_view> control = registers.Find(LengthControl(level, streaming));
    if (control) bits = std::min(bits, 128 * (static_cast<unsigned>(LowWord(*control) & 0xf) + 1));
  }
  return bits;
}

}  // namespace armstate
