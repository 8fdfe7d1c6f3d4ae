// WorkedCall is a call that is answered by a thread of a WorkerPool.
#ifndef ARMSTATE_SERVER_WORKED_CALL_H_
#define ARMSTATE_SERVER_WORKED_CALL_H_

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/error.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "proto/status_conversion.h"
#include "server/memory_budget.h"
#include "server/stop_check.h"
#include "server/worker_pool.h"

namespace armstate {

// Goes by itself when the call has ended, with its share of the memory.
class WorkedCall final : public grpc::ServerUnaryReactor {
 public:
  // Answers with what `work`, a function of a StopCheck that fills `response`, returns. RESOURCE_EXHAUSTED, reason
  // SERVER_BUSY, if too many calls wait, or those of this client hold too much. Before that `quick` is called by this
  // thread: if it has filled `response`, that is all.
  template <typename Request, typename Response, typename Work, typename Quick>
  static WorkedCall* Begin(WorkerPool& pool, MemoryBudget& memory, grpc::CallbackServerContext& context,
                           const Request& request, const Response& response, Work work, Quick quick) {
    auto* const call = new WorkedCall;  // deletes itself in OnDone
    const std::string client = context.peer();
    absl::StatusOr<std::shared_ptr<MemoryBudget::Share>> share = memory.Take(client, HeldBytes(request));
    if (!share.ok()) return call->End(share.status());
    call->share_ = *std::move(share);
    if (quick()) return call->End(call->share_->Add(HeldBytes(response)));
    const bool taken = pool.TryRun(
        client, [call, &context, &response, work = std::move(work)] { call->End(call->Run(context, response, work)); });
    return taken ? call : call->End(TooManyWait());
  }

  void OnDone() override { delete this; }
  // Else gRPC calls OnDone from another thread, which takes longer than many a call.
  bool InternalInlineable() override { return true; }

 private:
  // gRPC has an answer a second time, as bytes, and a request is larger as a message than it was as bytes.
  static size_t HeldBytes(const google::protobuf::MessageLite& message) { return 2 * message.ByteSizeLong(); }

  static absl::Status TooManyWait() {
    return MakeError(absl::StatusCode::kResourceExhausted, ErrorReason::kServerBusy,
                     "too many calls of this kind wait: call again later");
  }

  template <typename Response, typename Work>
  absl::Status Run(const grpc::CallbackServerContext& context, const Response& response, const Work& work) {
    const StopCheck stop = StopCheckOf(context);
    if (absl::Status status = stop(); !status.ok()) return status;
    if (absl::Status status = share_->Check(); !status.ok()) return status;
    if (absl::Status status = work(stop); !status.ok()) return status;
    return share_->Add(HeldBytes(response));
  }

  WorkedCall* End(const absl::Status& status) {
    Finish(ToGrpcStatus(status));
    return this;
  }

  std::shared_ptr<MemoryBudget::Share> share_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_WORKED_CALL_H_
