// `ParseRegisterValue` parses register values that a user types.
#ifndef ARMSTATE_CLIENT_CLI_COMMANDS_REGISTER_VALUE_H_
#define ARMSTATE_CLIENT_CLI_COMMANDS_REGISTER_VALUE_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace armstate {

// Decimal up to 64 bits, or "0x" and hexadecimal digits up to the register's `width` in bytes -> little-endian bytes,
// exactly `width`. INVALID_ARGUMENT.
absl::StatusOr<std::string> ParseRegisterValue(absl::string_view text, size_t width);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_CLI_COMMANDS_REGISTER_VALUE_H_
