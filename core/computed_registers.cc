#include "core/computed_registers.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "core/port_errors.h"

namespace armstate {
namespace {

constexpr RegisterId kVectorLengths = RegisterId::Known<0x6060'0000'0015'ffff>();
constexpr RegisterId kPmcr = RegisterId::System(3, 3, 9, 12, 0);
constexpr RegisterId kDfr0 = RegisterId::System(3, 0, 0, 5, 0);            // ID_AA64DFR0_EL1
constexpr RegisterId kEventCounter0 = RegisterId::System(3, 3, 14, 8, 0);  // PMEVCNTR0_EL0
constexpr RegisterId kEventCounter30 = RegisterId::System(3, 3, 14, 11, 6);

constexpr uint32_t kMaxFieldWidth = 5;  // bits; the bitmaps have 32
constexpr uint64_t kCounterNumber = 0xf800;
constexpr uint32_t kCounterNumberShift = 11;
constexpr uint64_t kCycleCounter = uint64_t{1} << 31;
// SMCCC_WORKAROUND_2: bits 3-0 are the level, bit 4 says that the workaround is switched on.
// It can be switched on only at the level "available" (Linux, fw-pseudo-registers.rst).
constexpr uint64_t kWorkaroundLevel = 0xf;
constexpr uint64_t kWorkaroundAvailable = 2;
constexpr uint64_t kWorkaroundEnabled = 0x10;
constexpr uint64_t kTimerStatus = uint64_t{1} << 2;
constexpr uint32_t kPmuVersionShift = 8;  // ID_AA64DFR0_EL1.PMUVer, 4 bits
constexpr uint64_t kPmuV3p5 = 6;

// PSTATE's mode (Arm ARM, SPSR_EL1): bit 4 is the execution state; the AArch32 modes that use User mode's registers are
// User and System.
bool IsAArch32(uint64_t pstate) { return (pstate & 0x10) != 0; }
bool HasUserRegisters(uint64_t pstate) { return (pstate & 0xf) == 0 || (pstate & 0xf) == 0xf; }

// An event counter that keeps 64 bits.
bool IsWideEventCounter(const RegisterRule& rule) {
  return !(rule.id < kEventCounter0) && !(kEventCounter30 < rule.id) && rule.behaviour.index() == 0 &&
         LowWord(rule.writable) == ~uint64_t{0};
}

absl::Status Malformed(RegisterId id, absl::string_view what) {
  return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kCpuProfileMalformed,
                   absl::StrCat("register ", id.ToString(), ": ", what), {{"register_id", id.ToString()}});
}

std::string Bytes(uint64_t word, size_t width) {
  std::string bytes(width, '\0');
  for (size_t i = 0; i < width; ++i) bytes[i] = static_cast<char>(word >> 8 * i);
  return bytes;
}

// The event counters that a PMCR_EL0 value leaves to the guest, and the cycle counter.
uint64_t Counters(uint64_t pmcr) {
  return kCycleCounter | ((uint64_t{1} << ((pmcr & kCounterNumber) >> kCounterNumberShift)) - 1);
}

// The number of the highest set bit, from 1; 0 if there is none.
size_t BitLength(absl::string_view bytes) {
  for (size_t i = bytes.size(); i > 0; --i) {
    const auto byte = static_cast<unsigned char>(bytes[i - 1]);
    for (size_t bit = 8; bit > 0; --bit) {
      if ((byte >> (bit - 1) & 1) != 0) return 8 * (i - 1) + bit;
    }
  }
  return 0;
}

void CutToBits(absl::Span<char> bytes, size_t bits) {
  for (size_t i = bits / 8; i < bytes.size(); ++i) {
    const unsigned kept = i == bits / 8 ? (1u << bits % 8) - 1 : 0;
    bytes[i] = static_cast<char>(static_cast<unsigned char>(bytes[i]) & kept);
  }
}

bool AcceptsLengths(absl::string_view host, absl::string_view wanted) {
  const size_t bits = BitLength(wanted);
  if (bits == 0 || bits > BitLength(host)) return false;
  std::string up_to_there(host);
  CutToBits(absl::MakeSpan(up_to_there), bits);
  return up_to_there == wanted;
}

absl::Status CheckWriteRule(RegisterId id, const WriteRule& rule) {
  const bool has_bits =
      !rule.refused.empty() || !rule.fields.empty() || !rule.values.empty() || !rule.refused_if_zero.empty();
  if (id.width() > 8 && has_bits) return Malformed(id, "only registers of at most 64 bits have a rule for their bits");
  for (const WriteRule::Field& field : rule.fields) {
    if (field.width == 0 || field.width > kMaxFieldWidth || field.shift > 8 * id.width() - field.width) {
      return Malformed(id, absl::StrCat("a field of ", field.width, " bits at bit ", field.shift,
                                        "; fields have 1 to 5 bits and lie in the register"));
    }
    const uint64_t values = uint64_t{1} << field.width;
    bool fits = (field.accepted | uint64_t{field.refused}) >> values == 0 && (field.accepted & field.refused) == 0;
    for (const WriteRule::ReadBack& r : field.read_back) fits = fits && r.wrote < values && r.reads < values;
    if (!fits) {
      return Malformed(id, absl::StrCat("the field at bit ", field.shift,
                                        " has a value that it cannot hold, or one that is both accepted and refused"));
    }
  }
  const bool refuses = !rule.refused_if_zero.empty() || std::any_of(rule.fields.begin(), rule.fields.end(),
                                                                    [](const auto& f) { return f.refused != 0; });
  if (refuses && rule.error.empty()) return Malformed(id, "it refuses values, but has no error to refuse them with");
  for (const WriteRule::RefusedBits& bits : rule.refused) {
    if (bits.error.empty()) return Malformed(id, "it refuses bits, but has no error to refuse them with");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ComputedRegisters> ComputedRegisters::Create(const RegisterLayout& layout,
                                                            std::vector<RegisterRule> rules) {
  ComputedRegisters computed;
  if (std::none_of(rules.begin(), rules.end(), [](const RegisterRule& rule) {
        return rule.write.has_value() || rule.behaviour.index() != 0 || rule.always_undetermined;
      })) {
    return computed;
  }
  computed.rules_ = std::move(rules);
  computed.sources_.resize(computed.rules_.size());
  for (size_t i = 0; i < layout.size(); ++i) computed.offsets_.push_back(static_cast<uint32_t>(layout.offset(i)));
  for (size_t i = 0; i < computed.rules_.size(); ++i) {
    const RegisterRule& rule = computed.rules_[i];
    if (rule.write) {
      if (absl::Status status = CheckWriteRule(rule.id, *rule.write); !status.ok()) return status;
    }
    if (absl::Status status = computed.Resolve(i); !status.ok()) return status;
  }
  return computed;
}

absl::StatusOr<uint32_t> ComputedRegisters::Find(RegisterId of, RegisterId wanted) const {
  const auto rule = std::lower_bound(rules_.begin(), rules_.end(), wanted,
                                     [](const RegisterRule& a, RegisterId id) { return a.id < id; });
  if (rule == rules_.end() || rule->id != wanted) {
    return Malformed(of, absl::StrCat("depends on ", wanted.ToString(), ", which the profile lacks"));
  }
  return static_cast<uint32_t>(rule - rules_.begin());
}

absl::Status ComputedRegisters::Resolve(size_t index) {
  const RegisterRule& rule = rules_[index];
  const bool wide = rule.id.width() > 8;
  absl::StatusOr<uint32_t> first = 0u;
  absl::StatusOr<uint32_t> second = 0u;
  bool shown = true;
  if (std::holds_alternative<VectorDataBehaviour>(rule.behaviour)) {
    first = Find(rule.id, kVectorLengths);
  } else if (std::holds_alternative<CounterBitsBehaviour>(rule.behaviour)) {
    first = Find(rule.id, kPmcr);
  } else if (const auto* timer = std::get_if<TimerControlBehaviour>(&rule.behaviour)) {
    first = Find(rule.id, timer->compare);
    second = Find(rule.id, timer->counter);
  } else if (const auto* level = std::get_if<FirmwareLevelBehaviour>(&rule.behaviour)) {
    first = Find(rule.id, level->controller);
  } else if (const auto* narrow = std::get_if<NarrowInAArch32Behaviour>(&rule.behaviour)) {
    first = Find(rule.id, narrow->state);
  } else if (IsWideEventCounter(rule)) {
    // The guest's PMUVer is KVM's to know where it is the VM's.
    const absl::StatusOr<uint32_t> version = Find(rule.id, kDfr0);
    shown = version.ok() && rules_[*version].vm_wide;
    if (shown) first = version;
  } else {
    shown = false;
  }
  if (!first.ok()) return first.status();
  if (!second.ok()) return second.status();
  const bool vector = std::holds_alternative<VectorDataBehaviour>(rule.behaviour) ||
                      std::holds_alternative<VectorLengthsBehaviour>(rule.behaviour);
  if (rule.behaviour.index() != 0 && wide != vector) {
    return Malformed(rule.id, "its behaviour is not one of a register of this width");
  }
  if (std::holds_alternative<VectorLengthsBehaviour>(rule.behaviour) && rule.id != kVectorLengths) {
    return Malformed(rule.id, "only KVM_REG_ARM64_SVE_VLS holds vector lengths");
  }
  sources_[index] = {*first, *second};
  if (shown) shown_.push_back(static_cast<uint32_t>(index));
  return absl::OkStatus();
}

absl::string_view ComputedRegisters::ValueAt(absl::string_view storage, uint32_t index) const {
  return storage.substr(offsets_[index], rules_[index].id.width());
}

absl::StatusOr<std::string> ComputedRegisters::Accept(size_t index, absl::string_view storage, absl::string_view wanted,
                                                      VcpuPosition position) const {
  const RegisterRule& rule = rules_[index];
  if (rule.always_undetermined) {
    // A refusal is certain all the same.
    if (rule.write && rule.id.width() <= 8) {
      const absl::StatusOr<uint64_t> word = rule.write->Accept(LowWord(wanted), LowWord(rule.reset));
      if (!word.ok() && !IsUndetermined(word.status())) return word.status();
    }
    return UndeterminedError("it is not known whether this target has the register, or with which constant");
  }
  if (std::holds_alternative<VectorLengthsBehaviour>(rule.behaviour)) {
    if (!AcceptsLengths(rule.reset, wanted)) return RefusedError(rule.write ? rule.write->error : "EINVAL");
    return std::string(wanted);
  }
  if (rule.id.width() > 8) {
    if (rule.write && rule.write->undetermined != 0 && wanted != rule.reset) {
      return UndeterminedError("the target was never seen to be given another value than its own");
    }
    return std::string(wanted);
  }
  const uint64_t wanted_word = LowWord(wanted);
  const uint64_t reset = LowWord(rule.reset) + rule.reset_growth.At(position);
  uint64_t word = wanted_word;
  const auto* level = std::get_if<FirmwareLevelBehaviour>(&rule.behaviour);
  const bool enables = (wanted_word & ~kWorkaroundLevel) == kWorkaroundEnabled;
  if (level != nullptr && enables && (wanted_word & kWorkaroundLevel) != kWorkaroundAvailable) {
    return RefusedError("EINVAL");
  }
  if (level != nullptr && (WordAt(storage, sources_[index].first) & level->mask) == 0) {
    const bool ignored = wanted_word <= level->level ||
                         std::find(level->ignored.begin(), level->ignored.end(), wanted_word) != level->ignored.end();
    if (ignored) return std::string(ValueAt(storage, static_cast<uint32_t>(index)));
    if (enables) {
      return UndeterminedError("the host was not seen to be given this value at its present level");
    }
  }
  if (rule.write) {
    const absl::StatusOr<uint64_t> accepted = rule.write->Accept(wanted_word, reset);
    if (!accepted.ok()) return accepted.status();
    word = *accepted;
  }
  const uint64_t own = WordAt(storage, static_cast<uint32_t>(index));
  if (std::holds_alternative<CounterControlBehaviour>(rule.behaviour)) {
    if ((word & kCounterNumber) > (reset & kCounterNumber)) word = (word & ~kCounterNumber) | (own & kCounterNumber);
  } else if (const auto* bits = std::get_if<CounterBitsBehaviour>(&rule.behaviour)) {
    word &= Counters(WordAt(storage, sources_[index].first));
    if (bits->write == CounterBitsBehaviour::Write::kSet) word |= own;
    if (bits->write == CounterBitsBehaviour::Write::kClear) word = own & ~word;
  }
  return Bytes(word, wanted.size());
}

uint64_t ComputedRegisters::ShowWord(size_t index, absl::string_view storage, uint64_t word) const {
  const RegisterBehaviour& behaviour = rules_[index].behaviour;
  const Sources& sources = sources_[index];
  if (std::holds_alternative<CounterBitsBehaviour>(behaviour)) return word & Counters(WordAt(storage, sources.first));
  if (std::holds_alternative<TimerControlBehaviour>(behaviour)) {
    // The counter has gone on since it was written, even beyond its last value.
    const bool reached = WordAt(storage, sources.first) <= WordAt(storage, sources.second) + 1;
    return (word & ~kTimerStatus) | (reached ? kTimerStatus : 0);
  }
  if (const auto* level = std::get_if<FirmwareLevelBehaviour>(&behaviour)) {
    return (WordAt(storage, sources.first) & level->mask) == 0 ? level->level : word;
  }
  if (const auto* narrow = std::get_if<NarrowInAArch32Behaviour>(&behaviour)) {
    const uint64_t state = WordAt(storage, sources.first);
    return IsAArch32(state) && (narrow->in_user_mode || !HasUserRegisters(state)) ? word & 0xffff'ffff : word;
  }
  // All are stored, but without PMUv3p5 the VM has counters of 32 bits (Linux, arch/arm64/kvm/pmu-emul.c,
  // kvm_pmc_is_64bit).
  if (IsWideEventCounter(rules_[index]) && rules_[sources.first].id == kDfr0) {
    return (WordAt(storage, sources.first) >> kPmuVersionShift & 0xf) < kPmuV3p5 ? word & 0xffff'ffff : word;
  }
  return word;
}

void ComputedRegisters::ShowOne(size_t index, absl::string_view storage, absl::Span<char> value) const {
  if (rules_.empty()) return;
  if (const auto* data = std::get_if<VectorDataBehaviour>(&rules_[index].behaviour)) {
    CutToBits(value, BitLength(ValueAt(storage, sources_[index].first)) * data->bits_per_quadword);
    return;
  }
  if (value.size() > 8 || (rules_[index].behaviour.index() == 0 && !IsWideEventCounter(rules_[index]))) return;
  const std::string shown =
      Bytes(ShowWord(index, storage, LowWord(absl::string_view(value.data(), value.size()))), value.size());
  std::copy(shown.begin(), shown.end(), value.begin());
}

void ComputedRegisters::Show(absl::string_view storage, absl::Span<char> shown) const {
  for (const uint32_t index : shown_) {
    ShowOne(index, storage, shown.subspan(offsets_[index], rules_[index].id.width()));
  }
}

bool ComputedRegisters::is_moving(size_t index) const {
  return !rules_.empty() && std::holds_alternative<MovingCounterBehaviour>(rules_[index].behaviour);
}

}  // namespace armstate
