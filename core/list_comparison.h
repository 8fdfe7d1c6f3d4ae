// `CompareLists` finds the differences between two register lists.
#ifndef ARMSTATE_CORE_LIST_COMPARISON_H_
#define ARMSTATE_CORE_LIST_COMPARISON_H_

#include <cstddef>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "core/catalog.h"
#include "core/register_group.h"
#include "core/register_list.h"

namespace armstate {

// One register of either list. Refers to the lists.
struct ComparedRegister {
  RegisterId id;
  RegisterGroup group;
  absl::optional<absl::string_view> old_value;
  absl::optional<absl::string_view> new_value;

  bool differs() const { return old_value != new_value; }
};

enum class ComparedRegisters { kDifferent, kAll };

struct ListComparison {
  // By group, then by ID.
  std::vector<ComparedRegister> registers;
  size_t equal = 0;
  size_t different = 0;
};

// Two lists that use IDs in the same way (core/translate.h makes them so).
ListComparison CompareLists(const RegisterList& old_list, const RegisterList& new_list, IdScheme scheme,
                            ComparedRegisters which);

}  // namespace armstate

#endif  // ARMSTATE_CORE_LIST_COMPARISON_H_
