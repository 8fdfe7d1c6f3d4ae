// Calls that are answered by a thread of their own.
#ifndef ARMSTATE_SERVER_ANSWER_BY_H_
#define ARMSTATE_SERVER_ANSWER_BY_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/error.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "proto/status_conversion.h"
#include "server/stop_check.h"
#include "server/worker_thread.h"

namespace armstate {

// Answers a call with what `work`, a function of a StopCheck, returns, by a thread of its own. If that has too much to
// do, the answer is UNAVAILABLE, and says `busy`.
template <typename Response, typename Work>
grpc::ServerUnaryReactor* AnswerBy(WorkerThread& worker, const std::string& busy, grpc::CallbackServerContext* context,
                                   Response* response, Work work) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const auto status = std::make_shared<absl::Status>();
  const bool taken = worker.TryRun(
      [=] {
        absl::StatusOr<Response> result = work(StopCheckOf(*context));
        if (result.ok()) *response = *std::move(result);
        *status = result.status();
      },
      [=] { reactor->Finish(ToGrpcStatus(*status)); });
  if (!taken) {
    reactor->Finish(ToGrpcStatus(
        MakeError(absl::StatusCode::kUnavailable, ErrorReason::kStorageUnavailable, busy, {{"cause", busy}})));
  }
  return reactor;
}

}  // namespace armstate

#endif  // ARMSTATE_SERVER_ANSWER_BY_H_
