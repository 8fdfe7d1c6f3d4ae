// BuiltInTolerances returns the tolerances that are compiled into the program: profiles/tolerances.textproto.
#ifndef ARMSTATE_SERVER_VERDICT_BUILT_IN_TOLERANCES_H_
#define ARMSTATE_SERVER_VERDICT_BUILT_IN_TOLERANCES_H_

#include <vector>

#include "absl/status/statusor.h"
#include "core/tolerance.h"

namespace armstate {

// The tolerances are validated for restores between all accelerators. An error means that the binary is corrupt.
absl::StatusOr<std::vector<Tolerance>> BuiltInTolerances();

}  // namespace armstate

#endif  // ARMSTATE_SERVER_VERDICT_BUILT_IN_TOLERANCES_H_
