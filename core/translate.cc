#include "core/translate.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <utility>

namespace armstate {
namespace {

// One register under the IDs of both schemes. Values are cut or filled with zeros to the width of the ID.
struct Pair {
  uint64_t tcg;
  uint64_t kvm;
  absl::string_view reason;
};

constexpr absl::string_view kTimer =
    "KVM swapped the encodings of TIMER_CVAL and TIMER_CNT; QEMU's emulation has the architecture's";
constexpr absl::string_view kOtherWidth =
    "KVM has it as a core register of 32 bits; QEMU's emulation has both, and loads the system register last";
constexpr absl::string_view kAarch32Id = "QEMU's emulation lists it under its AArch32 ID only";

constexpr Pair kPairs[] = {
    {0x6030'0000'0013'df1a, 0x6030'0000'0013'df02, kTimer},       // CNTV_CVAL_EL0
    {0x6030'0000'0013'df02, 0x6030'0000'0013'df1a, kTimer},       // CNTVCT_EL0
    {0x6030'0000'0013'da21, 0x6020'0000'0010'00d4, kOtherWidth},  // FPSR
    {0x6030'0000'0013'da20, 0x6020'0000'0010'00d5, kOtherWidth},  // FPCR
    {0x4030'0000'200f'0380, 0x6030'0000'0013'c3a0, kAarch32Id},   // PAR_EL1
    {0x4020'0000'200f'4e03, 0x6030'0000'0013'dcf3, kAarch32Id},   // PMOVSR, PMOVSSET_EL0
    {0x4020'0000'200f'4f00, 0x6030'0000'0013'dcf0, kAarch32Id},   // PMUSERENR_EL0
};

// One register under two IDs, of which QEMU's emulation lists one or the other, by its release and CPU model.
struct Names {
  uint64_t ids[2];
  absl::string_view reason;
};

constexpr Names kNames[] = {
    {{0x4020'0000'200f'3a00, 0x4030'0000'200f'0380},
     "PAR of 32 bits is the lower half of that of 64 bits, under which later releases list it"},
    {{0x4020'0000'000f'3a00, 0x4030'0000'000f'0380},
     "the secure PAR of 32 bits is the lower half of that of 64 bits, under which later releases list it"},
    {{0x4020'0000'200f'7820, 0x4020'0000'200f'7988}, "CBAR has one encoding on 32-bit CPUs and another on 64-bit ones"},
    {{0x4020'0000'200e'0298, 0x4020'0000'200e'0280}, "releases up to 11.0 list DBGDTRTX under a wrong encoding"},
};

// Of a CPU without SVE and one with it: V0 to V31 are the lower bits of Z0 to Z31.
constexpr absl::string_view kVectors = "the target's vectors are of another size: the upper bits are 0";
constexpr uint64_t kV0 = 0x6040'0000'0010'0054, kZ0 = 0x6080'0000'0015'0000;

std::vector<Names> AllNames() {
  std::vector<Names> names(std::begin(kNames), std::end(kNames));
  for (uint64_t n = 0; n < 32; ++n) names.push_back({{kV0 + 4 * n, kZ0 + 32 * n}, kVectors});
  return names;
}

// On Linux 6.12 a write to PMxSET adds to what the vCPU has after reset, so that is cleared before.
constexpr uint64_t kPmuClear[] = {
    0x6030'0000'0013'c4f2,  // PMINTENCLR_EL1
    0x6030'0000'0013'dce2,  // PMCNTENCLR_EL0
    0x6030'0000'0013'dce3,  // PMOVSCLR_EL0
};
constexpr absl::string_view kPmuClearReason =
    "QEMU's emulation lists only the register that sets; this one clears what the vCPU has after reset";
constexpr uint64_t kAllCounters = 0xffff'ffff;

constexpr absl::string_view kTcgPower = "power_state";
constexpr absl::string_view kKvmPower = "kvm.mp_state";
// struct kvm_mp_state, little-endian: KVM_MP_STATE_RUNNABLE and KVM_MP_STATE_STOPPED.
constexpr absl::string_view kKvmOn("\0\0\0\0", 4);
constexpr absl::string_view kKvmOff("\x05\0\0\0", 4);
constexpr absl::string_view kTcgOff("\x01", 1);

// Fills with zeros. False if bits would be lost.
bool FitTo(size_t width, std::string& value) {
  const bool fits = value.size() <= width || value.find_first_not_of('\0', width) == std::string::npos;
  value.resize(width, '\0');
  return fits;
}

}  // namespace

Translation TranslateList(const RegisterList& list, IdScheme source_scheme, IdScheme target_scheme,
                          const RegisterLayout& target) {
  Translation translation;
  if (source_scheme == target_scheme) {
    translation.registers = list;
    return translation;
  }
  std::map<uint64_t, std::string> registers;
  for (size_t i = 0; i < list.size(); ++i) registers[list.id(i).raw()] = std::string(list.value(i));
  const bool to_kvm = target_scheme == IdScheme::kKvm;
  // All are taken from the list as it was: two of the pairs exchange their values.
  std::map<uint64_t, std::string> given;
  for (const Pair& pair : kPairs) {
    const RegisterId from = *RegisterId::Create(to_kvm ? pair.tcg : pair.kvm);
    const RegisterId to = *RegisterId::Create(to_kvm ? pair.kvm : pair.tcg);
    const absl::optional<absl::string_view> value = list.Find(from);
    std::string fitted(value.value_or(""));
    // A register that KVM names differently is renamed even if the target lacks it: it must not pass for the other one.
    if (!value || (!target.Find(to) && pair.reason != kTimer) || !FitTo(to.width(), fitted)) continue;
    given[to.raw()] = std::move(fitted);
    translation.translated.push_back({to, from, pair.reason});
    // Under its old ID the target may have another register, or another view of this one.
    if (RegisterName(from, source_scheme) != RegisterName(from, target_scheme) || !target.Find(from)) {
      registers.erase(from.raw());
    }
  }
  for (auto& [id, value] : given) registers[id] = std::move(value);
  for (const uint64_t raw : kPmuClear) {
    const RegisterId id = *RegisterId::Create(raw);
    if (!to_kvm || !target.Find(id) || list.Find(id)) continue;
    std::string value(id.width(), '\0');
    for (size_t i = 0; i < value.size(); ++i) value[i] = static_cast<char>(kAllCounters >> 8 * i);
    registers[raw] = std::move(value);
    translation.translated.push_back({id, absl::nullopt, kPmuClearReason});
  }
  std::sort(translation.translated.begin(), translation.translated.end(),
            [](const TranslatedRegister& a, const TranslatedRegister& b) { return a.to < b.to; });
  RegisterListBuilder builder;
  for (const auto& [id, value] : registers) builder.AddBytes(*RegisterId::Create(id), value);
  translation.registers = *std::move(builder).Build();
  return translation;
}

Translation RenameRegisters(const RegisterList& list, const RegisterLayout& target) {
  Translation translation;
  std::map<uint64_t, std::string> registers;
  for (size_t i = 0; i < list.size(); ++i) registers[list.id(i).raw()] = std::string(list.value(i));
  for (const Names& names : AllNames()) {
    for (const size_t k : {0, 1}) {
      const RegisterId from = *RegisterId::Create(names.ids[k]), to = *RegisterId::Create(names.ids[1 - k]);
      const auto found = registers.find(from.raw());
      if (found == registers.end() || registers.count(to.raw()) != 0 || target.Find(from) || !target.Find(to)) continue;
      std::string fitted = found->second;
      if (!FitTo(to.width(), fitted)) continue;
      registers.erase(found);
      registers[to.raw()] = std::move(fitted);
      translation.translated.push_back({to, from, names.reason});
    }
  }
  std::sort(translation.translated.begin(), translation.translated.end(),
            [](const TranslatedRegister& a, const TranslatedRegister& b) { return a.to < b.to; });
  RegisterListBuilder builder;
  for (const auto& [id, value] : registers) builder.AddBytes(*RegisterId::Create(id), value);
  translation.registers = *std::move(builder).Build();
  return translation;
}

std::vector<OpaqueField> TranslateOpaqueFields(const std::vector<OpaqueField>& fields, IdScheme source_scheme,
                                               IdScheme target_scheme) {
  if (source_scheme == target_scheme) return fields;
  const bool to_kvm = target_scheme == IdScheme::kKvm;
  bool off = false;
  for (const OpaqueField& field : fields) {
    // QEMU takes every number but 0 for off.
    if (to_kvm && field.name == kTcgPower) off = field.data.find_first_not_of('\0') != std::string::npos;
    if (!to_kvm && field.name == kKvmPower) off = field.data == kKvmOff;
  }
  if (to_kvm) return {{std::string(kKvmPower), std::string(off ? kKvmOff : kKvmOn)}};
  if (off) return {{std::string(kTcgPower), std::string(kTcgOff)}};
  return {};
}

}  // namespace armstate
