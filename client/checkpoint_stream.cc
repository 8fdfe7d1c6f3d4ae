#include "client/checkpoint_stream.h"

#include <deque>
#include <map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "client/request_id.h"
#include "client/unary_call.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/client_callback.h"
#include "proto/status_conversion.h"

namespace armstate {

// gRPC calls a reactor from its own threads, never from inside the function that starts an operation. It is therefore
// safe to start operations with the mutex held.
class CheckpointStream::Call final
    : public grpc::ClientBidiReactor<v1::StreamCheckpointsRequest, v1::StreamCheckpointsResponse> {
 public:
  Call(std::shared_ptr<v1::CheckpointService::StubInterface> stub, Acknowledged acknowledged)
      : stub_(std::move(stub)), acknowledged_(std::move(acknowledged)) {
    stub_->async()->StreamCheckpoints(&context_, this);
    AddHold();  // until the last write
    StartRead(&response_);
    StartCall();
  }

  ~Call() override {
    context_.TryCancel();
    WaitForEnd();
  }

  absl::StatusOr<int64_t> Push(v1::CreateCheckpointRequest request) {
    if (request.request_id().empty()) request.set_request_id(internal::NewRequestId());
    const size_t bytes = request.ByteSizeLong();
    absl::Status size = internal::CheckRequestBytes(bytes + kFieldBytes);
    if (!size.ok()) return size;
    absl::MutexLock lock(&mutex_);
    while (!broken_ && (unacknowledged_.size() >= kMaxUnacknowledged || bytes_ >= kMaxUnacknowledgedBytes)) {
      changed_.Wait(&mutex_);
    }
    const int64_t item = next_item_++;
    unacknowledged_.emplace(item, Item{std::move(request), bytes});
    bytes_ += bytes;
    if (broken_) {
      while (!ended_) changed_.Wait(&mutex_);
      return Error();
    }
    to_write_.push_back(item);
    Continue();
    return item;
  }

  absl::Status Finish() {
    absl::MutexLock lock(&mutex_);
    closing_ = true;
    Continue();
    while (!ended_) changed_.Wait(&mutex_);
    return unacknowledged_.empty() && status_.ok() ? absl::OkStatus() : Error();
  }

  std::vector<v1::CreateCheckpointRequest> TakeUnacknowledged() {
    context_.TryCancel();
    WaitForEnd();
    absl::MutexLock lock(&mutex_);
    std::vector<v1::CreateCheckpointRequest> requests;
    for (auto& [item, pushed] : unacknowledged_) requests.push_back(std::move(pushed.request));
    unacknowledged_.clear();
    return requests;
  }

  void OnWriteDone(bool ok) override {
    absl::MutexLock lock(&mutex_);
    writing_ = false;
    ReleaseMessage();
    if (!ok) Break();
    Continue();
  }

  void OnReadDone(bool ok) override {
    if (ok) {
      for (Acknowledgement& acknowledgement : *response_.mutable_acknowledgements()) Tell(acknowledgement);
    }
    absl::MutexLock lock(&mutex_);
    if (!ok) {
      Break();
      return Continue();
    }
    for (const Acknowledgement& acknowledgement : response_.acknowledgements()) {
      const auto acknowledged = unacknowledged_.find(acknowledgement.item());
      if (acknowledged == unacknowledged_.end()) continue;
      bytes_ -= acknowledged->second.bytes;
      unacknowledged_.erase(acknowledged);
    }
    // Waking a thread costs more than an item, so a waiting thread wakes when there is room for several.
    if (unacknowledged_.size() <= kMaxUnacknowledged / 2) changed_.SignalAll();
    StartRead(&response_);
  }

  void OnDone(const grpc::Status& status) override {
    absl::MutexLock lock(&mutex_);
    status_ = FromGrpcStatus(status);
    broken_ = true;
    ended_ = true;
    changed_.SignalAll();
  }

 private:
  using Acknowledgement = v1::StreamCheckpointsResponse::Acknowledgement;

  struct Item {
    v1::CreateCheckpointRequest request;
    size_t bytes = 0;
  };

  // Limits of one message: far below the server's, and small compared with a checkpoint of many vCPUs.
  static constexpr int kMaxRequests = 64;
  static constexpr size_t kMaxMessageBytes = size_t{1} << 20;
  // The overhead of a request that is alone in a message: a tag and its length.
  static constexpr size_t kFieldBytes = 5;

  void Tell(Acknowledgement& acknowledgement) {
    if (acknowledgement.has_error()) {
      acknowledged_(acknowledgement.item(), FromGoogleRpcStatus(acknowledgement.error()));
    } else {
      acknowledged_(acknowledgement.item(), std::move(*acknowledgement.mutable_checkpoint()));
    }
  }

  // Puts waiting requests into one message without copying them: unacknowledged_ keeps owning them. gRPC serializes the
  // message once, before any answer to it can arrive.
  void FillMessage() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    size_t bytes = 0;
    while (!to_write_.empty() && message_.requests_size() < kMaxRequests) {
      Item& item = unacknowledged_.at(to_write_.front());
      if (message_.requests_size() > 0 && bytes + item.bytes > kMaxMessageBytes) break;
      bytes += item.bytes;
      message_.mutable_requests()->UnsafeArenaAddAllocated(&item.request);
      to_write_.pop_front();
    }
  }

  // Does not touch the requests: acknowledged ones are already freed.
  void ReleaseMessage() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    while (message_.requests_size() > 0) message_.mutable_requests()->UnsafeArenaReleaseLast();
  }

  void WaitForEnd() {
    absl::MutexLock lock(&mutex_);
    Break();
    Continue();
    while (!ended_) changed_.Wait(&mutex_);
  }

  // Stops writing; the call ends soon.
  void Break() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    broken_ = true;
    to_write_.clear();
    changed_.SignalAll();
  }

  void Continue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!held_ || writing_) return;
    if (!broken_ && !to_write_.empty()) {
      FillMessage();
      writing_ = true;
      StartWrite(&message_);
      return;
    }
    if (!broken_ && !closing_) return;
    if (!broken_) StartWritesDone();
    held_ = false;
    RemoveHold();
  }

  absl::Status Error() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!status_.ok()) return status_;
    return absl::UnavailableError("the server ended the stream before it had answered every request");
  }

  const std::shared_ptr<v1::CheckpointService::StubInterface> stub_;
  const Acknowledged acknowledged_;
  grpc::ClientContext context_;

  absl::Mutex mutex_;
  absl::CondVar changed_;
  // The key is the item.
  std::map<int64_t, Item> unacknowledged_ ABSL_GUARDED_BY(mutex_);
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<int64_t> to_write_ ABSL_GUARDED_BY(mutex_);
  int64_t next_item_ ABSL_GUARDED_BY(mutex_) = 0;
  bool held_ ABSL_GUARDED_BY(mutex_) = true;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  // The message being written; unacknowledged_ owns its requests.
  v1::StreamCheckpointsRequest message_ ABSL_GUARDED_BY(mutex_);

  // Belongs to the read in progress, or to OnReadDone.
  v1::StreamCheckpointsResponse response_;
};

CheckpointStream::CheckpointStream(const Connection& connection, Acknowledged acknowledged)
    : CheckpointStream(v1::CheckpointService::NewStub(connection.channel()), std::move(acknowledged)) {}

CheckpointStream::CheckpointStream(std::shared_ptr<v1::CheckpointService::StubInterface> stub,
                                   Acknowledged acknowledged)
    : call_(std::make_unique<Call>(std::move(stub), std::move(acknowledged))) {}

CheckpointStream::~CheckpointStream() = default;

absl::StatusOr<int64_t> CheckpointStream::Push(v1::CreateCheckpointRequest request) {
  return call_->Push(std::move(request));
}

absl::Status CheckpointStream::Finish() { return call_->Finish(); }

std::vector<v1::CreateCheckpointRequest> CheckpointStream::TakeUnacknowledged() { return call_->TakeUnacknowledged(); }

}  // namespace armstate
