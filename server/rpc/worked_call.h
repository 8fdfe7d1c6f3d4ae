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

// Goes by itself when the call has ended, with its share of the memory.
class WorkedCall final : public grpc::ServerUnaryReactor {
 public:
  // Answers with what `work` returns, a function of a StopCheck and a MemoryBudget::Share, to which it adds the bytes
  // of the answer before it fills `response`: gRPC keeps that until the client takes the end of the call, be it an
  // error. RESOURCE_EXHAUSTED, reason SERVER_BUSY, if too many calls wait, or those of this client hold too much.
  //
  // Before that `quick`, a function of the share alone, is called by this thread: if it is done, that is all.
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

  // gRPC has an answer a second time, as bytes, and a request was bytes before.
  static constexpr size_t kCopies = 2;
  static size_t HeldBytes(const google::protobuf::MessageLite& message) { return kCopies * message.ByteSizeLong(); }

  void OnDone() override { delete this; }
  // Else gRPC calls OnDone from another thread, which takes longer than many a call.
  bool InternalInlineable() override { return true; }

 private:
  static constexpr size_t kLargeRequest = size_t{64} << 10;

  static bool IsDone(const absl::Status& status) { return status.ok() || absl::IsResourceExhausted(status); }

  static absl::Status TooManyWait() {
    return MakeError(absl::StatusCode::kResourceExhausted, ErrorReason::kServerBusy,
                     "too many calls of this kind wait: call again later");
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
    // The request is not needed any more, but gRPC keeps it until the call has ended.
    if (request.ByteSizeLong() > kLargeRequest) Request().Swap(const_cast<Request*>(&request));
    if (share_ != nullptr) share_->BeginTaking(EndOfUntaken(context));
    Finish(ToGrpcStatus(status));
    return this;
  }

  std::shared_ptr<MemoryBudget::Share> share_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RPC_WORKED_CALL_H_
