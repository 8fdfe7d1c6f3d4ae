#include "server/probe/infer_register_rules.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "core/counter_pairs.h"
#include "core/register_id.h"
#include "core/register_list.h"
#include "server/probe/infer_rule_parts.h"
#include "server/probe/infer_trial_rules.h"

namespace armstate {
namespace {

using Rule = v1::RegisterRule;

constexpr uint64_t kX0 = 0x6030'0000'0010'0000;  // and so on: each has two words
constexpr uint64_t kX15 = kX0 + 2 * 15;
constexpr uint64_t kX30 = kX0 + 2 * 30;
constexpr uint64_t kPc = 0x6030'0000'0010'0040;
constexpr uint64_t kPstate = 0x6030'0000'0010'0042;
constexpr uint64_t kVectorLengths = 0x6060'0000'0015'ffff;
constexpr uint64_t kWorkaround2 = 0x6030'0000'0014'0002;
constexpr uint64_t kMidr = RegisterId::System(3, 0, 0, 0, 0).raw();
constexpr uint64_t kRevidr = RegisterId::System(3, 0, 0, 0, 6).raw();
constexpr uint64_t kAidr = RegisterId::System(3, 1, 0, 0, 7).raw();
constexpr uint64_t kClidr = RegisterId::System(3, 1, 0, 0, 1).raw();
constexpr uint64_t kCtr = RegisterId::System(3, 3, 0, 0, 1).raw();
constexpr uint64_t kPfr1 = RegisterId::System(3, 0, 0, 4, 1).raw();
constexpr uint64_t kPmcr = RegisterId::System(3, 3, 9, 12, 0).raw();

struct Timer {
  uint64_t control, compare, counter;
};
constexpr Timer kTimers[] = {
    {0x6030'0000'0013'df19, 0x6030'0000'0013'df02, 0x6030'0000'0013'df1a},  // TIMER_CTL, TIMER_CVAL, TIMER_CNT
    {0x6030'0000'0013'df11, 0x6030'0000'0013'df12, 0x6030'0000'0013'df01},  // CNTP_CTL_EL0, CNTP_CVAL_EL0, PTIMER_CNT
};

constexpr uint64_t kTimerStatus = uint64_t{1} << 2;
constexpr uint32_t kModeBits = 5;                                         // PSTATE.M
constexpr uint32_t kLineSizeBits = 3;                                     // CCSIDR.LineSize
constexpr uint64_t kCoherence = uint64_t{7} << 24;                        // CLIDR.LoC
constexpr uint64_t kUnification = uint64_t{7} << 21 | uint64_t{7} << 27;  // CLIDR.LoUIS, LoUU
constexpr uint32_t kInvalidationBit = 28;                                 // CTR.IDC
constexpr uint64_t kInvalidationNotNeeded = uint64_t{1} << kInvalidationBit;
constexpr uint64_t kSsbs = uint64_t{15} << 4;  // ID_AA64PFR1_EL1.SSBS
constexpr uint64_t kNotRequired = 3;           // KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2_NOT_REQUIRED

// ID_..._EL1 and CTR_EL0 consist of 4-bit fields.
bool HasIdFields(uint64_t id) {
  return id == kCtr || (id >= RegisterId::System(3, 0, 0, 1, 0).raw() && id <= RegisterId::System(3, 0, 0, 7, 7).raw());
}

// A bitmap of all values of a field of so many bits.
uint32_t Values(uint32_t width) { return (uint32_t{1} << (uint32_t{1} << width)) - 1; }

uint64_t Ones(uint32_t bytes) { return bytes >= 8 ? ~uint64_t{0} : (uint64_t{1} << 8 * bytes) - 1; }

RegisterClass ClassOf(uint64_t id) { return static_cast<RegisterClass>(id >> 16 & 0xfff); }

// Handles a register of fields whose bits were only flipped one by one, such as CTR_EL0 in the recorded probes: decides
// whether a field accepts only its own value, or also all values below or above it. A field in which no flip is
// accepted has no other valid value.
void AddFieldsFromFlips(const ProbedRegister& probed, const ProbeRecording::Bits& bits, Rule& rule) {
  SetWritable(rule, ~uint64_t{0});
  rule.set_error(FirstError(bits));
  const auto add = [&](uint32_t shift, uint32_t width) {
    const uint32_t ones = (uint32_t{1} << width) - 1;
    Rule::FieldRule field = FieldFromFlips(bits, probed.reset, shift, width);
    if ((Rejected(bits) >> shift & ones) == ones) field.set_refused(~field.accepted() & Values(width));
    *rule.add_fields() = field;
  };
  for (uint32_t shift = 0; shift < 64; shift += 4) {
    if (probed.id != kCtr || shift != kInvalidationBit) {
      add(shift, 4);
      continue;
    }
    // CTR.IDC and DIC are one bit each.
    add(shift, 1);
    add(shift + 1, 1);
    add(shift + 2, 2);
  }
}

// A level is refused as a whole. A bit that differs in no accepted value is refused in any value.
void AddValues(const ProbedRegister& probed, Rule& rule) {
  SetWritable(rule, Ones(probed.width));
  uint64_t changed_by_accepted = 0;
  for (const ProbeRecording::Value& value : probed.experiments->values) {
    Rule::ValueRule* added = rule.add_values();
    added->set_value(value.value);
    added->set_error(value.error);
    added->set_reads(value.reads);
    if (value.error.empty()) changed_by_accepted |= value.value ^ probed.reset;
  }
  if (!probed.experiments->bits) return;
  for (const auto& [error, mask] : probed.experiments->bits->rejected) {
    if ((mask & ~changed_by_accepted) == 0) continue;
    Rule::RefusedBits* refused = rule.add_refused();
    refused->set_mask(mask & ~changed_by_accepted);
    refused->set_error(error);
  }
}

// While ID_AA64PFR1_EL1.SSBS tells the guest that it can mitigate by itself, KVM does not offer workaround 2. Recorded
// probes do not show this.
void AddFirmwareLevel(const ProbedRegister& probed, Rule& rule) {
  if (const auto& level = probed.experiments->level; level && level->level != probed.reset) {
    rule.mutable_firmware_level()->set_id(level->controller);
    rule.mutable_firmware_level()->set_mask(level->mask);
    rule.mutable_firmware_level()->set_level(level->level);
    for (const uint64_t value : level->ignored) rule.mutable_firmware_level()->add_ignored(value);
    return;
  }
  if (probed.probe.complete) return;
  if (probed.id != kWorkaround2 || probed.reset != 0 || (probed.ResetOf(kPfr1) & kSsbs) == 0) return;
  Rule::FirmwareLevel* level = rule.mutable_firmware_level();
  level->set_id(kPfr1);
  level->set_mask(kSsbs);
  level->set_level(kNotRequired);
}

// A write is judged by the mode that it requests. Results for whole values belong to classes that start in one of the
// accepted modes.
void AddModes(const ProbedRegister& probed, const ProbeRecording::Bits& bits, Rule& rule) {
  constexpr uint64_t kModes = (uint64_t{1} << kModeBits) - 1;
  AddBits(bits, kModes, rule);
  rule.set_error(FirstError(bits));
  Rule::FieldRule* field = rule.add_fields();
  *field = FieldFromFlips(bits, probed.reset, 0, kModeBits);
  uint32_t accepted = 0;
  uint32_t refused = 0;
  for (const auto& [label, answer] : probed.probe.answers) {
    absl::string_view value = label;
    uint32_t pstate = 0;
    if (!absl::ConsumePrefix(&value, "set.pstate_") || !absl::SimpleHexAtoi(value, &pstate)) continue;
    (answer == "0" ? accepted : refused) |= uint32_t{1} << (pstate & kModes);
  }
  if ((accepted >> (probed.reset & kModes) & 1) == 0) return;
  field->set_accepted(field->accepted() | (accepted & ~field->refused()));
  field->set_refused(field->refused() | (refused & ~field->accepted()));
}

// Cache lines smaller than the host's are refused: cache maintenance by line would skip some.
void AddCacheGeometry(const ProbedRegister& probed, const ProbeRecording::Bits& bits, Rule& rule) {
  constexpr uint64_t kLineSize = (uint64_t{1} << kLineSizeBits) - 1;
  AddBits(bits, kLineSize, rule);
  rule.set_error(FirstError(bits));
  const uint32_t own = static_cast<uint32_t>(probed.reset & kLineSize);
  Rule::FieldRule flips = FieldFromFlips(bits, probed.reset, 0, kLineSizeBits);
  const uint32_t below = (uint32_t{1} << own) - 1;
  // Applies only if no experiment contradicts it.
  if ((flips.refused() & ~below) == 0 && (flips.accepted() & below) == 0 && flips.read_back().empty()) {
    flips.set_refused(below);
    flips.set_accepted(0xff & ~below);
  }
  *rule.add_fields() = flips;
}

// Where instruction fetches need cleaned data caches, the guest needs a level to clean to.
void AddCacheLevels(const ProbedRegister& probed, const ProbeRecording::Bits& bits, Rule& rule) {
  AddBits(bits, kCoherence | kUnification, rule);
  if ((probed.ResetOf(kCtr) & kInvalidationNotNeeded) != 0) return;
  rule.set_error("EINVAL");
  rule.add_refused_if_zero(kCoherence);
  rule.add_refused_if_zero(kUnification);
}

// Both registers of a pair have the same storage.
void AddCounterPair(const ProbedRegister& probed, const CounterPairIds& pair, const ProbeRecording::Bits* bits,
                    Rule& rule) {
  SetWritable(rule, ~uint64_t{0});
  const auto [lower, higher] = std::minmax({pair.set.raw(), pair.clear.raw()});
  if (probed.id == lower && probed.has(higher)) rule.mutable_view()->set_id(higher);
  if (const ProbeRecording::CounterPair* trial = FindPair(probed.feature_class, pair.set.raw()); trial != nullptr) {
    return AddPairTrial(*trial, probed.id, rule);
  }
  if (bits == nullptr) return rule.set_undetermined(~uint64_t{0});
  if (bits->other != 0) {
    rule.mutable_counter_bits()->set_write(probed.id == pair.set.raw() ? Rule::CounterBits::WRITE_SET
                                                                       : Rule::CounterBits::WRITE_CLEAR);
  } else if (bits->ignored != 0) {
    rule.mutable_counter_bits()->set_write(Rule::CounterBits::WRITE_UNSPECIFIED);
  }
}

void AddCounterControl(const ProbeRecording::Bits& bits, Rule& rule) {
  constexpr uint64_t kCounterNumber = 0xf800;
  if ((bits.ignored & kCounterNumber) == 0) return AddBits(bits, 0, rule);
  AddBits(bits, kCounterNumber, rule);
  rule.mutable_counter_control();
}

// Determines whether ISTATUS shows that the compare value has passed. Recorded probes show it only by the reset value.
bool ComputesStatus(const ProbedRegister& probed) {
  for (const ProbeRecording::Timer& timer : probed.feature_class.timers) {
    if (timer.control != probed.id) continue;
    return std::all_of(timer.tries.begin(), timer.tries.end(), [](const ProbeRecording::Timer::Try& t) {
      return t.reads == ((t.control & ~kTimerStatus) | (t.compare == 0 ? kTimerStatus : 0));
    });
  }
  return (probed.reset & kTimerStatus) != 0;
}

bool IsVmWide(const ProbedRegister& probed) {
  if (probed.experiments != nullptr && probed.experiments->vm_wide) return *probed.experiments->vm_wide;
  const RegisterClass register_class = ClassOf(probed.id);
  return register_class == RegisterClass::kFirmware || register_class == RegisterClass::kFirmwareFeatureBitmap ||
         HasIdFields(probed.id) || probed.id == kMidr || probed.id == kRevidr || probed.id == kAidr;
}

// KVM keeps one offset of each counter for the VM.
void AddMoving(const ProbedRegister& probed, Rule& rule) {
  SetWritable(rule, Ones(probed.width));
  rule.mutable_moving_counter();
  rule.set_vm_wide(true);
}

void AddUnprobed(const ProbedRegister& probed, Rule& rule) {
  if (probed.width <= 8) {
    rule.set_undetermined(Ones(probed.width));
    return;
  }
  // Vectors hold data: no experiment tried them, and all their bits belong to the guest.
  for (uint32_t word = 0; word < probed.width / 8; ++word) rule.add_writable(~uint64_t{0});
  if (probed.id == kVectorLengths) {
    rule.mutable_vector_lengths();
    rule.set_error("EINVAL");
  } else if (ClassOf(probed.id) == RegisterClass::kSve) {
    constexpr uint32_t kMostQuadwords = 16;
    rule.mutable_vector_data()->set_bits_per_quadword(8 * probed.width / kMostQuadwords);
  }
}

void AddKnownRule(const ProbedRegister& probed, Rule& rule) {
  rule.set_vm_wide(IsVmWide(probed));
  const bool implementation_id = probed.id == kMidr || probed.id == kRevidr || probed.id == kAidr;
  if (implementation_id && probed.writable_implementation_id) {
    if (probed.experiments != nullptr && probed.experiments->implementation_id) {
      return AddBits(*probed.experiments->implementation_id, 0, rule);
    }
    const auto mask = probed.probe.writable_masks.find(probed.id);
    const uint64_t writable = mask == probed.probe.writable_masks.end() ? ~uint64_t{0} : mask->second;
    SetWritable(rule, writable);
    rule.set_undetermined(~writable);
    return;
  }
  const ProbeRecording::Experiments* experiments = probed.experiments;
  for (const CounterPairIds& pair : kCounterPairs) {
    if (probed.id != pair.set.raw() && probed.id != pair.clear.raw()) continue;
    if (experiments == nullptr && FindPair(probed.feature_class, pair.set.raw()) == nullptr) break;
    return AddCounterPair(probed, pair, experiments != nullptr && experiments->bits ? &*experiments->bits : nullptr,
                          rule);
  }
  if (experiments == nullptr) return AddUnprobed(probed, rule);
  if (experiments->moving) return AddMoving(probed, rule);
  if (experiments->fields) return AddFields(*experiments->fields, rule);
  if (!experiments->values.empty() && ClassOf(probed.id) == RegisterClass::kFirmware) {
    AddValues(probed, rule);
    return AddFirmwareLevel(probed, rule);
  }
  if (!experiments->bits) return AddUnprobed(probed, rule);
  const ProbeRecording::Bits& bits = *experiments->bits;
  if (experiments->range) return AddRangeTrial(probed, *experiments->range, bits, rule);
  if (probed.id == kPmcr) return AddCounterControl(bits, rule);
  if (probed.id == kPstate) return AddModes(probed, bits, rule);
  if (HasIdFields(probed.id)) return AddFieldsFromFlips(probed, bits, rule);
  if (probed.id == kClidr && bits.sticks != 0) return AddCacheLevels(probed, bits, rule);
  if (ClassOf(probed.id) == RegisterClass::kDemux && bits.sticks != 0) return AddCacheGeometry(probed, bits, rule);
  // Whatever was written, the register read back as something else.
  if (bits.other == Ones(probed.width)) return AddMoving(probed, rule);
  AddBits(bits, 0, rule);
  if (((probed.id >= kX0 && probed.id <= kX30) || probed.id == kPc) && probed.has(kPstate)) {
    // No experiment: KVM has done so since Linux 4.20 (set_core_reg), on every host.
    rule.mutable_narrow_in_aarch32()->set_state_id(kPstate);
    rule.mutable_narrow_in_aarch32()->set_in_user_mode(probed.id < kX15 || probed.id == kPc);
  }
  for (const Timer& timer : kTimers) {
    if (probed.id != timer.control || !probed.has(timer.compare) || !probed.has(timer.counter)) continue;
    if (!ComputesStatus(probed)) continue;
    rule.mutable_timer_control()->set_compare_id(timer.compare);
    rule.mutable_timer_control()->set_counter_id(timer.counter);
  }
}

// The register was observed to change with another one, and no known behaviour explains how.
bool DependsUnexplained(const ProbedRegister& probed, const Rule& rule) {
  const auto& effects = probed.feature_class.effects;
  return std::any_of(effects.begin(), effects.end(), [&](const auto& effect) {
    const auto& [controller, changed] = effect;
    if (changed != probed.id || probed.width > 8) return false;
    if (rule.has_firmware_level()) return rule.firmware_level().id() != controller;
    return controller != kPmcr || !rule.has_counter_bits();
  });
}

}  // namespace

uint64_t ProbedRegister::ResetOf(uint64_t other) const {
  const auto found = feature_class.vcpus[0].find(other);
  return found == feature_class.vcpus[0].end() ? 0 : LowWord(found->second);
}

void AddRule(const ProbedRegister& probed, Rule& rule) {
  AddKnownRule(probed, rule);
  if (!DependsUnexplained(probed, rule)) return;
  rule.set_undetermined(Ones(probed.width));
  rule.clear_fields();
  rule.clear_values();
  rule.clear_behaviour();
}

}  // namespace armstate
