// `StopCheck` ends work whose result is no longer wanted.
#ifndef ARMSTATE_CORE_STOP_CHECK_H_
#define ARMSTATE_CORE_STOP_CHECK_H_

#include <functional>

#include "absl/status/status.h"

namespace armstate {

// Not OK when the work is to end: the caller went away, or its deadline has passed. Asked between small pieces of work.
using StopCheck = std::function<absl::Status()>;

inline absl::Status NeverStop() { return absl::OkStatus(); }

}  // namespace armstate

#endif  // ARMSTATE_CORE_STOP_CHECK_H_
