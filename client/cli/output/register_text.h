// `PrintRegisters` and `PrintSelected` print registers by name, with their fields.
#ifndef ARMSTATE_CLIENT_CLI_OUTPUT_REGISTER_TEXT_H_
#define ARMSTATE_CLIENT_CLI_OUTPUT_REGISTER_TEXT_H_

#include <ostream>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "armstate/v1/register_list.pb.h"
#include "core/catalog.h"
#include "core/register_list.h"
#include "core/register_selector.h"

namespace armstate {

enum class SecretValues { kShown, kRedacted };

// Gives a redacted list its values back, as zeros, so that it is a list. They are not to be shown: kRedacted. kShown if
// nothing is redacted.
SecretValues FillRedacted(v1::RegisterList& list);

// A line per register: name and value.
void PrintRegisters(const RegisterList& list, SecretValues secrets, IdScheme scheme, std::ostream& out);

// The selected registers with all their fields, or the selected fields. For an AArch32 register that the list lacks:
// its AArch64 register, saying so, or, of a vCPU that runs in AArch32, the bits of that which are the AArch32
// register's. NOT_FOUND, reason REGISTER_NOT_FOUND, if the list lacks one.
absl::Status PrintSelected(const RegisterList& list, SecretValues secrets, absl::Span<const RegisterSelector> selectors,
                           IdScheme scheme, std::ostream& out);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_CLI_OUTPUT_REGISTER_TEXT_H_
