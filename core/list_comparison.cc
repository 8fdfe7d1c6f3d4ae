#include "core/list_comparison.h"

#include <algorithm>

namespace armstate {

ListComparison CompareLists(const RegisterList& old_list, const RegisterList& new_list, IdScheme scheme,
                            ComparedRegisters which) {
  ListComparison comparison;
  size_t in_old = 0;
  size_t in_new = 0;
  while (in_old < old_list.size() || in_new < new_list.size()) {
    const bool old_next =
        in_new == new_list.size() || (in_old < old_list.size() && !(new_list.id(in_new) < old_list.id(in_old)));
    const bool new_next =
        in_old == old_list.size() || (in_new < new_list.size() && !(old_list.id(in_old) < new_list.id(in_new)));
    ComparedRegister compared{old_next ? old_list.id(in_old) : new_list.id(in_new), RegisterGroup::kControl, {}, {}};
    if (old_next) compared.old_value = old_list.value(in_old++);
    if (new_next) compared.new_value = new_list.value(in_new++);
    ++(compared.differs() ? comparison.different : comparison.equal);
    if (!compared.differs() && which == ComparedRegisters::kDifferent) continue;
    compared.group = GroupOf(compared.id, scheme);
    comparison.registers.push_back(compared);
  }
  std::stable_sort(comparison.registers.begin(), comparison.registers.end(),
                   [](const ComparedRegister& a, const ComparedRegister& b) { return a.group < b.group; });
  return comparison;
}

}  // namespace armstate
