// Errors of a register port: what the target answers to a write.
#ifndef ARMSTATE_CORE_PORT_ERRORS_H_
#define ARMSTATE_CORE_PORT_ERRORS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace armstate {

// "EINVAL": the target's answer to a write.
absl::Status RefusedError(absl::string_view error_name);
// What RefusedError was given; empty for any other status.
std::string RefusedErrorName(const absl::Status& status);
// Nobody knows the target's answer; `why` is for people.
absl::Status UndeterminedError(absl::string_view why);
bool IsUndetermined(const absl::Status& status);

}  // namespace armstate

#endif  // ARMSTATE_CORE_PORT_ERRORS_H_
