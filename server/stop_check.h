// Ending work that nobody waits for any more.
#ifndef ARMSTATE_SERVER_STOP_CHECK_H_
#define ARMSTATE_SERVER_STOP_CHECK_H_

#include <functional>

#include "absl/status/status.h"
#include "grpcpp/server_context.h"

namespace armstate {

// Not OK when the work is to end: the caller went away, or its deadline has passed. Asked between small pieces of work.
using StopCheck = std::function<absl::Status()>;

// Of a call that is under way. gRPC cancels a call whose deadline passes.
inline StopCheck StopCheckOf(const grpc::CallbackServerContext& context) {
  return [&context] {
    return context.IsCancelled() ? absl::CancelledError("the caller went away, or its deadline has passed")
                                 : absl::OkStatus();
  };
}

}  // namespace armstate

#endif  // ARMSTATE_SERVER_STOP_CHECK_H_
