// Registers by name, with their fields.
#ifndef ARMSTATE_CLIENT_COMMANDS_REGISTER_TEXT_H_
#define ARMSTATE_CLIENT_COMMANDS_REGISTER_TEXT_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "core/catalog.h"
#include "core/register_id.h"
#include "core/register_list.h"

namespace armstate {

// What a user asks for: "SCTLR_EL1", "SCTLR_EL1.M", "0x603000000013c080".
struct RegisterSelector {
  RegisterId id;
  absl::optional<FieldDefinition> field;
};

// INVALID_ARGUMENT, reason REGISTER_NAME_UNKNOWN, proposing the nearest name; also for a field that the register lacks,
// naming those that it has.
absl::StatusOr<RegisterSelector> ParseRegisterSelector(absl::string_view text, IdScheme scheme);
absl::StatusOr<std::vector<RegisterSelector>> ParseRegisterSelectors(const std::vector<std::string>& texts,
                                                                     IdScheme scheme);

// A line per register: name and value.
void PrintRegisters(const RegisterList& list, IdScheme scheme, std::ostream& out);

// The selected registers with all their fields, or the selected fields.
// NOT_FOUND, reason REGISTER_NOT_FOUND, if the list lacks one.
absl::Status PrintSelected(const RegisterList& list, absl::Span<const RegisterSelector> selectors, IdScheme scheme,
                           std::ostream& out);

// The part of a list that is selected. NOT_FOUND, reason REGISTER_NOT_FOUND.
absl::StatusOr<RegisterList> Select(const RegisterList& list, absl::Span<const RegisterSelector> selectors,
                                    IdScheme scheme);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_COMMANDS_REGISTER_TEXT_H_
