#include "server/profiles/merged_profile.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "google/protobuf/util/message_differencer.h"

namespace armstate {
namespace {

using ::google::protobuf::util::MessageDifferencer;

// QEMU's behaviour when it refuses a constant.
constexpr char kConstant[] = "EPERM";

uint64_t Width(uint64_t id) { return uint64_t{8} << (id >> 52 & 0xf); }
uint64_t Ones(uint64_t id) { return Width(id) >= 64 ? ~uint64_t{0} : (uint64_t{1} << Width(id)) - 1; }

uint64_t Word(const google::protobuf::RepeatedField<uint64_t>& words) { return words.empty() ? 0 : words[0]; }

void SetWord(google::protobuf::RepeatedField<uint64_t>& words, uint64_t word) {
  words.Clear();
  if (word != 0) words.Add(word);
}

v1::RegisterRule MergeRules(const v1::RegisterRule& a, const v1::RegisterRule& b) {
  if (MessageDifferencer::Equals(a, b)) return a;
  v1::RegisterRule merged = b;
  merged.clear_view();
  if (Width(a.id()) > 64) {
    merged.set_always_undetermined(true);
    return merged;
  }
  const uint64_t ones = Ones(a.id());
  const uint64_t writable_a = Word(a.writable()), writable_b = Word(b.writable());
  const uint64_t constant = ones & ~(writable_a | writable_b);  // constant in both
  const uint64_t differing = (Word(a.reset()) ^ Word(b.reset())) & constant;
  // Where only one of them has a constant, both accept its value.
  const uint64_t of_a = ones & ~writable_a & writable_b;
  SetWord(*merged.mutable_reset(), (Word(a.reset()) & of_a) | (Word(b.reset()) & ~of_a));
  SetWord(*merged.mutable_writable(), writable_a & writable_b);
  merged.set_undetermined(writable_a ^ writable_b);
  const bool growth_differs = a.reset_per_further_vcpu() != b.reset_per_further_vcpu() ||
                              a.counted_further_vcpus() != b.counted_further_vcpus() ||
                              a.reset_per_vcpu_index() != b.reset_per_vcpu_index() ||
                              a.vcpus_per_aff1() != b.vcpus_per_aff1();
  if (differing != 0 || growth_differs || a.upper_half() != b.upper_half()) {
    merged.set_always_undetermined(true);
    merged.clear_reset_per_further_vcpu();
    merged.clear_reset_per_vcpu_index();
    if (constant != differing && !growth_differs) {
      v1::RegisterRule::RefusedBits& refused = *merged.add_refused();
      refused.set_mask(constant & ~differing);
      refused.set_error(kConstant);
    }
  }
  merged.set_upper_writable(a.upper_writable() | b.upper_writable());
  return merged;
}

v1::RegisterRule OnlyOne(v1::RegisterRule rule) {
  rule.clear_view();
  rule.clear_reset_per_further_vcpu();
  rule.clear_reset_per_vcpu_index();
  rule.set_always_undetermined(true);
  return rule;
}

v1::ListLoad MergeListLoads(const v1::ListLoad& a, const v1::ListLoad& b) {
  v1::ListLoad merged;
  merged.set_missing(a.missing() == b.missing() ? a.missing() : v1::ListLoad::MISSING_NOT_KNOWN);
  merged.set_longer_is_refused(a.longer_is_refused() && b.longer_is_refused());
  merged.set_last_are_dropped(a.last_are_dropped() && b.last_are_dropped());
  std::set<uint64_t> of_a(a.ignored().begin(), a.ignored().end());
  for (const uint64_t id : b.ignored()) {
    if (of_a.count(id) > 0) merged.add_ignored(id);
  }
  return merged;
}

// A view whose owner is missing, is another register, or has another reset value becomes storage of its own.
void DropBrokenViews(v1::CpuProfile& profile) {
  std::map<uint64_t, const v1::RegisterRule*> rules;
  for (const v1::RegisterRule& rule : profile.registers()) rules[rule.id()] = &rule;
  for (v1::RegisterRule& rule : *profile.mutable_registers()) {
    if (!rule.has_view()) continue;
    const auto owner = rules.find(rule.view().id());
    const bool fits = owner != rules.end() && !owner->second->has_view() && !owner->second->always_undetermined() &&
                      (Word(owner->second->reset()) >> rule.view().shift() & Ones(rule.id())) == Word(rule.reset());
    if (!fits) rule.clear_view();
  }
}

}  // namespace

v1::CpuProfile MergeProfiles(const v1::CpuProfile& first, const v1::CpuProfile& second) {
  v1::CpuProfile merged = second;
  merged.clear_registers();
  auto a = first.registers().begin();
  auto b = second.registers().begin();
  while (a != first.registers().end() || b != second.registers().end()) {
    if (b == second.registers().end() || (a != first.registers().end() && a->id() < b->id())) {
      *merged.add_registers() = OnlyOne(*a++);
    } else if (a == first.registers().end() || b->id() < a->id()) {
      *merged.add_registers() = OnlyOne(*b++);
    } else {
      *merged.add_registers() = MergeRules(*a++, *b++);
    }
  }
  DropBrokenViews(merged);
  *merged.mutable_list_load() = MergeListLoads(first.list_load(), second.list_load());
  const std::set<std::string> of_first(first.refused_subsections().begin(), first.refused_subsections().end());
  std::set<std::string> of_one = of_first;
  merged.clear_refused_subsections();
  for (const std::string& name : second.refused_subsections()) {
    if (of_first.count(name) > 0) {
      merged.add_refused_subsections(name);
      of_one.erase(name);
    } else {
      of_one.insert(name);
    }
  }
  if (first.subsection_sizes_size() != second.subsection_sizes_size() ||
      !std::equal(first.subsection_sizes().begin(), first.subsection_sizes().end(), second.subsection_sizes().begin(),
                  [](const auto& a, const auto& b) { return MessageDifferencer::Equals(a, b); })) {
    for (const v1::SubsectionSize& size : second.subsection_sizes()) of_one.insert(size.name());
    merged.clear_subsection_sizes();
  }
  for (const std::string& name : of_one) merged.add_undetermined_subsections(name);
  return merged;
}

}  // namespace armstate
