// `ShowSelected` formats the value of a selected register or field for people.
#ifndef ARMSTATE_CORE_SELECTED_VALUE_H_
#define ARMSTATE_CORE_SELECTED_VALUE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "core/register_selector.h"

namespace armstate {

struct SelectedValue {
  // Of a register "0x" and all digits, of a field "0x" and no more digits than it takes.
  std::string text;
  // Of a field: what the value means; empty if it has no name.
  absl::string_view meaning;
};

// `value` is the register's, little-endian, as wide as its ID says.
SelectedValue ShowSelected(const RegisterSelector& selector, absl::string_view value);

}  // namespace armstate

#endif  // ARMSTATE_CORE_SELECTED_VALUE_H_
