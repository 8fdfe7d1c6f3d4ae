#include "server/probe/infer_trial_rules.h"

#include <algorithm>

#include "core/register_id.h"
#include "server/probe/infer_rule_parts.h"

namespace armstate {
namespace {

using Rule = v1::RegisterRule;
using Write = Rule::CounterBits::Write;

constexpr uint64_t kPmcr = RegisterId::System(3, 3, 9, 12, 0).raw();
constexpr uint32_t kWidestField = 5;  // bits, of v1.RegisterRule.FieldRule

// Returns the bits of PMINTEN, PMCNTEN and PMOVS in a VM with this PMCR_EL0: its event counters and the cycle counter.
uint64_t Counters(uint64_t control) { return uint64_t{1} << 31 | ((uint64_t{1} << (control >> 11 & 31)) - 1); }

struct PairModel {
  bool cut;  // reduced to the VM's counters
  Write set, clear;
};

uint64_t AfterWrite(Write write, uint64_t storage, uint64_t value) {
  if (write == Rule::CounterBits::WRITE_SET) return storage | value;
  if (write == Rule::CounterBits::WRITE_CLEAR) return storage & ~value;
  return value;
}

bool Explains(const PairModel& model, const ProbeRecording::CounterPair& pair) {
  uint64_t storage = 0;
  bool known = false;  // the first write is all ones, which overrides any earlier state
  for (const ProbeRecording::CounterPair::Step& step : pair.steps) {
    const uint64_t counters = model.cut ? Counters(step.control) : ~uint64_t{0};
    if (step.id != kPmcr) {
      if (!known && step.value != ~uint64_t{0}) return false;
      known = true;
      storage = AfterWrite(step.id == pair.set ? model.set : model.clear, storage, step.value & counters);
    }
    if (step.set != (storage & counters) || step.clear != step.set) return false;
  }
  return known;
}

Rule::FieldRule FieldFromRange(const ProbeRecording::Range& range) {
  Rule::FieldRule field;
  field.set_shift(range.shift);
  field.set_width(range.width);
  uint32_t accepted = 0;
  uint32_t refused = 0;
  for (uint32_t value = 0; value < range.accepted.size(); ++value) {
    (range.accepted[value] ? accepted : refused) |= uint32_t{1} << value;
  }
  for (const auto& [wrote, reads] : range.changed) {
    refused &= ~(uint32_t{1} << wrote);
    Rule::FieldRule::ReadBack* read_back = field.add_read_back();
    read_back->set_wrote(wrote);
    read_back->set_reads(reads);
  }
  field.set_accepted(accepted);
  field.set_refused(refused);
  return field;
}

// Values above the host's own number are accepted, but read back as the host's number.
bool IsUpTo(const ProbeRecording::Range& range, uint32_t own) {
  return range.error.empty() && std::count(range.accepted.begin(), range.accepted.end(), true) == own + 1 &&
         std::all_of(range.changed.begin(), range.changed.end(),
                     [&](const auto& changed) { return changed.first > own && changed.second == own; });
}

// CLIDR_EL1: bits 8-6 of the range are LoUU, 5-3 LoC, 2-0 LoUIS. Refused are LoC = 0, and 0 in both of the others.
bool NeedsLevels(const ProbeRecording::Range& range) {
  if (range.width != 9 || !range.changed.empty()) return false;
  for (uint32_t value = 0; value < range.accepted.size(); ++value) {
    if (range.accepted[value] != ((value & 0070) != 0 && (value & 0707) != 0)) return false;
  }
  return true;
}

}  // namespace

const ProbeRecording::CounterPair* FindPair(const ProbeRecording::FeatureClass& feature_class, uint64_t set) {
  const auto found = std::find_if(feature_class.counter_pairs.begin(), feature_class.counter_pairs.end(),
                                  [&](const ProbeRecording::CounterPair& pair) { return pair.set == set; });
  return found == feature_class.counter_pairs.end() ? nullptr : &*found;
}

void AddPairTrial(const ProbeRecording::CounterPair& pair, uint64_t id, Rule& rule) {
  if (Explains({false, Rule::CounterBits::WRITE_UNSPECIFIED, Rule::CounterBits::WRITE_UNSPECIFIED}, pair))
    return;  // plain storage
  for (const Write set : {Rule::CounterBits::WRITE_UNSPECIFIED, Rule::CounterBits::WRITE_SET}) {
    for (const Write clear : {Rule::CounterBits::WRITE_UNSPECIFIED, Rule::CounterBits::WRITE_CLEAR}) {
      if (!Explains({true, set, clear}, pair)) continue;
      return rule.mutable_counter_bits()->set_write(id == pair.set ? set : clear);
    }
  }
  rule.set_undetermined(~uint64_t{0});
}

void AddRangeTrial(const ProbedRegister& probed, const ProbeRecording::Range& range, const ProbeRecording::Bits& bits,
                   Rule& rule) {
  const uint64_t values = (uint64_t{1} << range.width) - 1;
  const uint64_t mask = values << range.shift;
  const uint32_t own = static_cast<uint32_t>(probed.reset >> range.shift & values);
  const auto accepted = static_cast<uint64_t>(std::count(range.accepted.begin(), range.accepted.end(), true));
  // Nothing else or everything is accepted: single bits express the same.
  if ((accepted == 1 && range.changed.empty()) || accepted == values + 1) return AddBits(bits, 0, rule);
  AddBits(bits, mask, rule);
  if (probed.id == kPmcr && IsUpTo(range, own)) {
    rule.mutable_counter_control();
  } else if (range.width <= kWidestField) {
    rule.set_error(range.error);
    *rule.add_fields() = FieldFromRange(range);
  } else if (NeedsLevels(range)) {
    rule.set_error(range.error);
    rule.add_refused_if_zero(uint64_t{0070} << range.shift);
    rule.add_refused_if_zero(uint64_t{0707} << range.shift);
  } else {
    rule.set_undetermined(rule.undetermined() | mask);
  }
}

}  // namespace armstate
