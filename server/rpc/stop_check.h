// StopCheckOf returns the StopCheck of a call.
#ifndef ARMSTATE_SERVER_RPC_STOP_CHECK_H_
#define ARMSTATE_SERVER_RPC_STOP_CHECK_H_

#include <algorithm>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/error.h"
#include "core/stop_check.h"
#include "grpcpp/server_context.h"

namespace armstate {

// The call must be active. gRPC cancels a call when its caller disconnects, and all calls when the time for a shutdown
// is over. The check fails a little before the call's deadline: after it the caller would not learn how far the call
// came.
inline StopCheck StopCheckOf(const grpc::CallbackServerContext& context) {
  const absl::Time deadline = absl::FromChrono(context.deadline());
  const absl::Time end = deadline - std::min((deadline - absl::Now()) / 10, absl::Milliseconds(200));
  return [&context, end] {
    if (context.IsCancelled()) {
      return CallCancelled("the caller disconnected, its deadline passed, or the server is shutting down");
    }
    return absl::Now() < end ? absl::OkStatus()
                             : MakeError(absl::StatusCode::kDeadlineExceeded, ErrorReason::kDeadlinePassed,
                                         "the call's deadline has passed");
  };
}

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RPC_STOP_CHECK_H_
