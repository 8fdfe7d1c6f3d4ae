// `RegisterSelector` names a register or one of its fields, e.g. "SCTLR_EL1.M".
#ifndef ARMSTATE_CORE_REGISTER_SELECTOR_H_
#define ARMSTATE_CORE_REGISTER_SELECTOR_H_

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "core/catalog.h"
#include "core/register_id.h"
#include "core/register_list.h"

namespace armstate {

// "SCTLR_EL1", "SCTLR_EL1.M", "0x603000000013c080".
struct RegisterSelector {
  RegisterId id;
  absl::optional<FieldDefinition> field;
};

// INVALID_ARGUMENT, reason REGISTER_NAME_UNKNOWN, proposing the nearest name; also for a field that the register lacks,
// naming those that it has.
absl::StatusOr<RegisterSelector> ParseRegisterSelector(absl::string_view text, IdScheme scheme);
absl::StatusOr<std::vector<RegisterSelector>> ParseRegisterSelectors(const std::vector<std::string>& texts,
                                                                     IdScheme scheme);

// The selector for a vCPU that `has` some registers: an AArch32 register that it lacks is its AArch64 register if the
// vCPU has that one, with the field of the same name. Otherwise the selector as it is.
RegisterSelector SelectorFor(const RegisterSelector& selector, IdScheme scheme,
                             absl::FunctionRef<bool(RegisterId)> has);

// A selected register as the list of a vCPU holds it. Refers to the list.
struct SelectedRegister {
  RegisterSelector selector;  // of `value`
  RegisterId in;              // the register of the list that holds it
  int first_bit;              // where it begins in that
  absl::string_view value;
};

// As SelectorFor, except that a vCPU in an AArch32 mode at EL1 has the AArch32 register itself, in the bits of an
// AArch64 one. Nothing: the list lacks it.
absl::optional<SelectedRegister> FindSelected(const RegisterList& list, const RegisterSelector& named, IdScheme scheme);

// "SCTLR_EL1", "SCTLR_EL1.M", as the catalog spells them.
std::string SelectorName(const RegisterSelector& selector, IdScheme scheme);

}  // namespace armstate

#endif  // ARMSTATE_CORE_REGISTER_SELECTOR_H_
