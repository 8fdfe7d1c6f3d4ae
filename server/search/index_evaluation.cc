// This file implements SearchIndex::Find.
#include <algorithm>

#include "server/search/search_index.h"

namespace armstate {
namespace {

std::string ToValue(uint64_t word, size_t width) {
  std::string value(width, '\0');
  for (size_t i = 0; i < width; ++i) value[i] = static_cast<char>(word >> 8 * i & 0xff);
  return value;
}

}  // namespace

IndexAnswer SearchIndex::Find(const Filter& filter, MatchedVcpus which) const {
  absl::ReaderMutexLock lock(&mutex_);
  IndexAnswer answer;
  for (const auto& [vm, why] : damaged_) answer.damaged.push_back(why);
  for (const FilterRegister& named : filter.registers()) {
    for (const IdScheme scheme : {IdScheme::kKvm, IdScheme::kTcg}) {
      for (const RegisterSelector& selector : named.In(scheme)) {
        if (column_numbers_.find(selector.id.raw()) != column_numbers_.end()) continue;
        const bool unknown = std::none_of(layouts_.begin() + 1, layouts_.end(), [&](const Layout& layout) {
          return layout.rows > 0 && layout.registers->Find(selector.id);
        });
        answer.must_be_read |= !unknown;
      }
    }
  }
  const TriState truth = Evaluate(filter, filter.root());
  RowSet candidates = LiveRows();
  candidates.Remove(truth.no);
  std::vector<uint32_t> found;
  // Needed by the functions below, which clang assumes to be called without the lock.
  const Row* const all_rows = rows_.data();
  const Vm* const vms = vms_.data();
  candidates.ForEach([&](size_t row) {
    const uint32_t vm = all_rows[row].vm;
    if (found.empty() || found.back() != vm) found.push_back(vm);
  });
  // The rows of a VM need not be adjacent.
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  if (which == MatchedVcpus::kAll) {
    const auto lacks_one = [&](uint32_t vm) {
      const std::vector<uint32_t>& rows = vms[vm].rows;
      return !std::all_of(rows.begin(), rows.end(), [&](uint32_t row) { return candidates.Has(row); });
    };
    found.erase(std::remove_if(found.begin(), found.end(), lacks_one), found.end());
  }
  std::sort(found.begin(), found.end(),
            [&](uint32_t a, uint32_t b) { return vms[a].metadata.vm < vms[b].metadata.vm; });
  for (const uint32_t vm : found) answer.matches.push_back(Describe(vms_[vm], filter, candidates));
  return answer;
}

MatchingCheckpoint SearchIndex::Describe(const Vm& vm, const Filter& filter, const RowSet& rows) const {
  MatchingCheckpoint match{
      vm.metadata.vm, vm.metadata.version, vm.metadata.create_time, vm.metadata.traits->scheme, {}};
  for (const uint32_t row : vm.rows) {
    if (!rows.Has(row)) continue;
    MatchingVcpu vcpu{rows_[row].vcpu_index, {}};
    for (const FilterRegister& named : filter.registers()) {
      const RegisterLayout& layout = *layouts_[rows_[row].layout].registers;
      const absl::optional<size_t> held =
          named.Held(match.scheme, [&](RegisterId id) { return layout.Find(id).has_value(); });
      MatchingValue& value = vcpu.values.emplace_back();
      if (!held) continue;
      value.selector = *held;
      const RegisterId id = named.In(match.scheme)[*held].id;
      const auto column = column_numbers_.find(id.raw());
      if (column != column_numbers_.end()) value.value = ToValue(columns_[column->second].Get(row), id.width());
    }
    match.vcpus.push_back(std::move(vcpu));
  }
  return match;
}

SearchIndex::TriState SearchIndex::Evaluate(const Filter& filter, const FilterNode& node) const {
  if (const auto* metadata = std::get_if<MetadataCondition>(&node.condition)) return EvaluateMetadata(*metadata);
  if (const auto* condition = std::get_if<RegisterCondition>(&node.condition)) {
    return EvaluateRegister(filter.registers()[condition->register_number], *condition);
  }
  TriState truth = Evaluate(filter, node.children.front());
  if (node.join == FilterNode::Join::kNot) std::swap(truth.yes, truth.no);
  for (size_t i = 1; i < node.children.size(); ++i) {
    const TriState other = Evaluate(filter, node.children[i]);
    if (node.join == FilterNode::Join::kAnd) {
      truth.yes &= other.yes;
      truth.no |= other.no;
    } else {
      truth.yes |= other.yes;
      truth.no &= other.no;
    }
  }
  return truth;
}

RowSet SearchIndex::LiveRows() const {
  return RowSet::Where(rows_.size(),
                       [this](size_t row) ABSL_NO_THREAD_SAFETY_ANALYSIS { return rows_[row].layout != kNoLayout; });
}

RowSet SearchIndex::RowsWith(const RegisterId& id, IdScheme scheme) const {
  std::vector<char> in_layout;
  for (const Layout& layout : layouts_) {
    in_layout.push_back(layout.registers != nullptr && layout.registers->Find(id).has_value());
  }
  std::vector<char> in_scheme;
  for (const Traits& traits : traits_) {
    in_scheme.push_back(traits.traits != nullptr && traits.traits->scheme == scheme);
  }
  return RowSet::Where(rows_.size(), [&](size_t row) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return (in_layout[rows_[row].layout] & in_scheme[rows_[row].traits]) != 0;
  });
}

// The comparison is false for a vCPU without the register.
SearchIndex::TriState SearchIndex::EvaluateRegister(const FilterRegister& named,
                                                    const RegisterCondition& condition) const {
  TriState truth{RowSet(rows_.size()), LiveRows()};
  for (const IdScheme scheme : {IdScheme::kKvm, IdScheme::kTcg}) {
    const std::vector<RegisterSelector>& selectors = named.In(scheme);
    const RegisterCondition::Tests& tests = condition.In(scheme);
    RowSet decided(rows_.size());  // the rows that have a register before this one
    for (size_t i = 0; i < selectors.size(); ++i) {
      RowSet has = RowsWith(selectors[i].id, scheme);
      has.Remove(decided);
      decided |= has;
      const auto column = column_numbers_.find(selectors[i].id.raw());
      if (!tests.empty() && !tests[i]) continue;
      if (!tests.empty() && column != column_numbers_.end()) {
        has &= columns_[column->second].Where(rows_.size(), [&](uint64_t value) { return tests[i]->Holds(value); });
      }
      if (tests.empty() || column != column_numbers_.end()) truth.yes |= has;
      truth.no.Remove(has);
    }
  }
  return truth;
}

SearchIndex::TriState SearchIndex::EvaluateMetadata(const MetadataCondition& condition) const {
  RowSet yes(0);
  if (condition.scope() == MetadataScope::kVcpu) {
    yes = RowSet::Where(rows_.size(), [&](size_t row) ABSL_NO_THREAD_SAFETY_ANALYSIS {
      return rows_[row].layout != kNoLayout && condition.Holds(vms_[rows_[row].vm].metadata, rows_[row].vcpu_index);
    });
  } else if (condition.scope() == MetadataScope::kTraits) {
    std::vector<char> holds;
    for (const Traits& traits : traits_) holds.push_back(traits.traits != nullptr && condition.Holds(*traits.traits));
    yes = RowSet::Where(rows_.size(), [&](size_t row) ABSL_NO_THREAD_SAFETY_ANALYSIS {
      return rows_[row].layout != kNoLayout && holds[rows_[row].traits] != 0;
    });
  } else {
    std::vector<char> holds;
    for (const Vm& vm : vms_) holds.push_back(vm.metadata.traits != nullptr && condition.Holds(vm.metadata, 0));
    yes = RowSet::Where(rows_.size(), [&](size_t row) ABSL_NO_THREAD_SAFETY_ANALYSIS {
      return rows_[row].layout != kNoLayout && holds[rows_[row].vm] != 0;
    });
  }
  RowSet no = LiveRows();
  no.Remove(yes);
  return {std::move(yes), std::move(no)};
}

}  // namespace armstate
