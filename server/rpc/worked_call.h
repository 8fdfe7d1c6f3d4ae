// WorkedCall is a call that is answered by a thread of a WorkerPool.
#ifndef ARMSTATE_SERVER_RPC_WORKED_CALL_H_
#define ARMSTATE_SERVER_RPC_WORKED_CALL_H_

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/error.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "proto/status_conversion.h"
#include "server/rpc/call_workers.h"
#include "server/rpc/connection.h"
#include "server/rpc/memory_budget.h"
#include "server/rpc/stop_check.h"
#include "server/rpc/untaken_answer.h"
#include "server/rpc/worker_pool.h"

namespace armstate {

// Deletes itself when the call has ended, and returns its share of the memory.
class WorkedCall final : public grpc::ServerUnaryReactor {
 public:
  // Answers with the result of `work`, a function of a StopCheck and a MemoryBudget::Share. `work` must add the bytes
  // of the answer to the share before it fills `response`: gRPC keeps the response until the client has received the
  // end of the call, even for an error. RESOURCE_EXHAUSTED, reason SERVER_BUSY, if too many calls wait, or if those of
  // this client hold too much memory.
  //
  // First calls `quick`, a function of the share only, on this thread; if it completes the call, `work` is not called.
  template <typename Request, typename Work, typename Quick>
  static WorkedCall* Begin(WorkerPool& pool, CallWorkers& workers, grpc::CallbackServerContext& context,
                           const Request& request, Work work, Quick quick) {
    auto* const call = new WorkedCall;  // deletes itself in OnDone
    const std::string client = ConnectionOf(context);
    const size_t bytes = request.ByteSizeLong();
    workers.connections.Complete(client, bytes);
    absl::StatusOr<std::shared_ptr<MemoryBudget::Share>> share = workers.memory.Take(client, kCopies * bytes);
    if (!share.ok()) return call->End(context, request, share.status());
    call->share_ = *std::move(share);
    if (const absl::Status status = quick(*call->share_); IsDone(status)) return call->End(context, request, status);
    const bool taken = pool.TryRun(client, [call, &context, &request, work = std::move(work)] {
      call->End(context, request, call->Run(context, work));
    });
    return taken ? call : call->End(context, request, TooManyWait());
  }

  // gRPC also holds an answer as bytes, and held a request as bytes before.
  static constexpr size_t kCopies = 2;
  static size_t HeldBytes(const google::protobuf::MessageLite& message) { return kCopies * message.ByteSizeLong(); }

  void OnDone() override { delete this; }
  // Otherwise gRPC would call OnDone on another thread, which takes longer than many a call.
  bool InternalInlineable() override { return true; }

 private:
  static constexpr size_t kLargeRequest = size_t{64} << 10;

  static bool IsDone(const absl::Status& status) { return status.ok() || absl::IsResourceExhausted(status); }

  static absl::Status TooManyWait() {
    return MakeError(absl::StatusCode::kResourceExhausted, ErrorReason::kServerBusy,
                     "too many calls of this kind are waiting: call again later");
  }

  template <typename Work>
  absl::Status Run(const grpc::CallbackServerContext& context, const Work& work) {
    const StopCheck stop = StopCheckOf(context);
    if (absl::Status status = stop(); !status.ok()) return status;
    if (absl::Status status = share_->Check(); !status.ok()) return status;
    return work(stop, *share_);
  }

  template <typename Request>
  WorkedCall* End(grpc::CallbackServerContext& context, const Request& request, const absl::Status& status) {
    // The request is no longer needed, but gRPC keeps it until the call has ended.
    if (request.ByteSizeLong() > kLargeRequest) Request().Swap(const_cast<Request*>(&request));
    if (share_ != nullptr) share_->BeginTaking(EndOfUntaken(context));
    Finish(ToGrpcStatus(status));
    return this;
  }

  std::shared_ptr<MemoryBudget::Share> share_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RPC_WORKED_CALL_H_
