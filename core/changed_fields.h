// `ChangedFields` compares two values of one register field by field.
#ifndef ARMSTATE_CORE_CHANGED_FIELDS_H_
#define ARMSTATE_CORE_CHANGED_FIELDS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "core/catalog.h"
#include "core/register_id.h"
#include "core/restore.h"

namespace armstate {

// A field that differs.
struct ChangedField {
  // "[63:60]" or "[9]" for bits without a name.
  std::string name;
  uint64_t first = 0;
  uint64_t second = 0;
  // The meanings of the values; empty if they have no name.
  absl::string_view first_meaning;
  absl::string_view second_meaning;
  // The field's bits in the register.
  uint64_t mask = 0;
};

// Of the low 64 bits. Named fields first, highest bits first; bits without a name follow, at most four at a time, as
// ID registers are made of such. None if no field of the register is known.
std::vector<ChangedField> ChangedFields(RegisterId id, IdScheme scheme, uint64_t first, uint64_t second);
// Of the wanted value (first) and the one that the target has; none where there is no such value.
std::vector<ChangedField> ChangedFields(const RegisterFinding& finding, IdScheme scheme);
// The values that the target accepts of a field of the finding; none if that is not known.
absl::Span<const uint64_t> AcceptedValuesOf(const RegisterFinding& finding, const ChangedField& field);

}  // namespace armstate

#endif  // ARMSTATE_CORE_CHANGED_FIELDS_H_
