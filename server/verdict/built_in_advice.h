// BuiltInAdvice returns the advice rules that are compiled into the program: profiles/advice.textproto.
#ifndef ARMSTATE_SERVER_VERDICT_BUILT_IN_ADVICE_H_
#define ARMSTATE_SERVER_VERDICT_BUILT_IN_ADVICE_H_

#include <vector>

#include "absl/status/statusor.h"
#include "core/advice.h"

namespace armstate {

// An error means that the binary is corrupt.
absl::StatusOr<std::vector<AdviceRule>> BuiltInAdvice();

}  // namespace armstate

#endif  // ARMSTATE_SERVER_VERDICT_BUILT_IN_ADVICE_H_
