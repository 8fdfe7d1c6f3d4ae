// The StopCheck of a call.
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

// Of a call that is under way. gRPC cancels a call whose caller goes away, and all calls when a shutdown's time is
// over. The call ends a little before its deadline: later nobody would hear how far it came.
inline StopCheck StopCheckOf(const grpc::CallbackServerContext& context) {
  const absl::Time deadline = absl::FromChrono(context.deadline());
  const absl::Time end = deadline - std::min((deadline - absl::Now()) / 10, absl::Milliseconds(200));
  return [&context, end] {
    if (context.IsCancelled()) {
      return CallCancelled("the caller went away, its deadline has passed, or the server is shut down");
    }
    return absl::Now() < end ? absl::OkStatus()
                             : MakeError(absl::StatusCode::kDeadlineExceeded, ErrorReason::kDeadlinePassed,
                                         "the call's deadline has passed");
  };
}

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RPC_STOP_CHECK_H_
