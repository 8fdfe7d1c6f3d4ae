// `RegisterDefinitions` is the table of the catalog, one row per register. Internal to core/catalog*; other code uses
// core/catalog.h.
#ifndef ARMSTATE_CORE_CATALOG_TABLE_H_
#define ARMSTATE_CORE_CATALOG_TABLE_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "core/catalog.h"

namespace armstate {

// One register: what the architecture says of it. What a target does with it is a RegisterRule (core/cpu_profile.h).
// Its ID is KVM's, of coprocessor registers without bit 29. Names are unique in the whole catalog, whatever the case of
// their letters.
struct RegisterDefinition {
  uint64_t id;
  absl::string_view name;  // as the Arm ARM spells it
  absl::Span<const FieldDefinition> fields;
  // Its value is shown only to those who ask for secrets and may have them.
  bool is_secret = false;
};

// A further name of a register, which goes before the names of rows.
struct RegisterAlias {
  absl::string_view name;
  uint64_t id;
  bool only_in_kvm_lists;
  bool is_given;  // RegisterName gives it instead of the row's; otherwise it is only understood
};

// Nothing if there is no such row. Both are binary searches in constant tables.
const RegisterDefinition* FindDefinitionById(uint64_t id);
const RegisterDefinition* FindDefinitionByName(absl::string_view name);

// In no particular order.
absl::Span<const RegisterDefinition> RegisterDefinitions();
absl::Span<const RegisterAlias> RegisterAliases();

}  // namespace armstate

#endif  // ARMSTATE_CORE_CATALOG_TABLE_H_
