// `RefusedError` and `UndeterminedError` are a register port's errors: the target's answers to a write.
#ifndef ARMSTATE_CORE_PORT_ERRORS_H_
#define ARMSTATE_CORE_PORT_ERRORS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace armstate {

// The errno by which KVM_SET_ONE_REG refuses an ID that the vCPU does not list (Linux, api.rst, 4.68).
inline constexpr absl::string_view kKvmUnknownRegister = "ENOENT";

// "EINVAL": the target's answer to a write.
absl::Status RefusedError(absl::string_view error_name);
// The errno's name in a RefusedError; empty for any other status.
std::string RefusedErrorName(const absl::Status& status);
// The target's answer is not known; `why` is for people.
absl::Status UndeterminedError(absl::string_view why);
bool IsUndetermined(const absl::Status& status);

}  // namespace armstate

#endif  // ARMSTATE_CORE_PORT_ERRORS_H_
