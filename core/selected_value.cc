#include "core/selected_value.h"

#include "absl/strings/str_cat.h"
#include "core/register_list.h"

namespace armstate {

SelectedValue ShowSelected(const RegisterSelector& selector, absl::string_view value) {
  if (!selector.field) return {FormatValue(value), ""};
  const uint64_t bits = ExtractField(*selector.field, LowWord(value));
  return {absl::StrCat("0x", absl::Hex(bits)), FieldMeaning(*selector.field, LowWord(value))};
}

}  // namespace armstate
