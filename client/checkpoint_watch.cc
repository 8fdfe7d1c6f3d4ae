#include "client/checkpoint_watch.h"

#include <algorithm>
#include <memory>

#include "absl/random/random.h"
#include "absl/time/clock.h"
#include "absl/types/optional.h"
#include "core/error.h"
#include "grpcpp/support/sync_stream.h"
#include "proto/status_conversion.h"

namespace armstate {
namespace {

constexpr size_t kReadAhead = 64;

// True if the call can be repeated from the last token.
bool IsPassing(const absl::Status& status) {
  // A server cancels the call of a watcher that is too slow even to receive the error that says so.
  if (absl::IsUnavailable(status) || absl::IsCancelled(status)) return true;
  const absl::optional<ErrorInfo> info = GetErrorInfo(status);
  return info && info->reason == ErrorReason::kWatcherTooSlow;
}

absl::Status Stopped() { return absl::CancelledError("the watch was stopped"); }

}  // namespace

CheckpointWatch::CheckpointWatch(const Connection& connection, v1::WatchCheckpointsRequest request, Options options)
    : CheckpointWatch(v1::CheckpointService::NewStub(connection.channel()), std::move(request), std::move(options)) {}

CheckpointWatch::CheckpointWatch(std::shared_ptr<v1::CheckpointService::StubInterface> stub,
                                 v1::WatchCheckpointsRequest request, Options options)
    : stub_(std::move(stub)),
      options_(std::move(options)),
      request_(std::move(request)),
      resume_token_(request_.resume_token()) {
  thread_ = std::thread([this] { Run(); });
}

CheckpointWatch::~CheckpointWatch() {
  Stop();
  thread_.join();
}

absl::StatusOr<v1::CheckpointEvent> CheckpointWatch::Next(absl::Time deadline) {
  absl::MutexLock lock(&mutex_);
  bool in_time = true;
  while (!stopped_ && messages_.empty() && end_.ok()) {
    if (!in_time) return absl::DeadlineExceededError("no event came in time");
    in_time = !changed_.WaitWithDeadline(&mutex_, deadline);
  }
  if (stopped_) return Stopped();
  if (messages_.empty()) return end_;
  v1::CheckpointEvent message = std::move(messages_.front());
  messages_.pop_front();
  resume_token_ = message.resume_token();
  changed_.SignalAll();
  return message;
}

void CheckpointWatch::Stop() {
  absl::MutexLock lock(&mutex_);
  stopped_ = true;
  if (call_ != nullptr) call_->TryCancel();
  changed_.SignalAll();
}

std::string CheckpointWatch::resume_token() const {
  absl::MutexLock lock(&mutex_);
  return resume_token_;
}

void CheckpointWatch::Run() {
  absl::BitGen random;
  absl::Duration backoff = options_.initial_backoff;
  while (true) {
    const absl::Status status = ReadOnce();
    if (stopped()) return;
    if (!begun_ || !IsPassing(status)) {
      absl::MutexLock lock(&mutex_);
      end_ = status;
      changed_.SignalAll();
      return;
    }
    if (options_.on_reconnect) options_.on_reconnect(status);
    if (read_any_) backoff = options_.initial_backoff;
    // Random, so that the watchers of a server that went away do not all return at the same moment.
    const absl::Duration pause = backoff * absl::Uniform(random, 0.5, 1.0);
    backoff = std::min(backoff * 2, options_.max_backoff);
    const absl::Time end = absl::Now() + pause;
    absl::MutexLock lock(&mutex_);
    while (!stopped_ && !changed_.WaitWithDeadline(&mutex_, end)) {
    }
    if (stopped_) return;
  }
}

absl::Status CheckpointWatch::ReadOnce() {
  grpc::ClientContext context;
  {
    absl::MutexLock lock(&mutex_);
    if (stopped_) return Stopped();
    call_ = &context;
  }
  read_any_ = false;
  const std::unique_ptr<grpc::ClientReaderInterface<v1::CheckpointEvent>> reader =
      stub_->WatchCheckpoints(&context, request_);
  v1::CheckpointEvent message;
  while (reader->Read(&message)) {
    read_any_ = true;
    // The first message of a call only repeats the position at which the call starts.
    const bool repeats = begun_ && message.resume_token() == request_.resume_token();
    begun_ = true;
    request_.set_resume_token(message.resume_token());
    request_.clear_from_oldest();
    if (!repeats && !Add(std::move(message))) break;
  }
  {
    // From here on Stop() need not cancel the call: it has ended, or is cancelled below.
    absl::MutexLock lock(&mutex_);
    call_ = nullptr;
    if (stopped_) context.TryCancel();
  }
  const grpc::Status status = reader->Finish();
  // A server has no reason to end a watch with OK.
  if (status.ok()) return absl::UnavailableError("the server ended the watch");
  return FromGrpcStatus(status);
}

bool CheckpointWatch::Add(v1::CheckpointEvent message) {
  absl::MutexLock lock(&mutex_);
  while (!stopped_ && messages_.size() >= kReadAhead) changed_.Wait(&mutex_);
  if (stopped_) return false;
  messages_.push_back(std::move(message));
  changed_.SignalAll();
  return true;
}

bool CheckpointWatch::stopped() const {
  absl::MutexLock lock(&mutex_);
  return stopped_;
}

}  // namespace armstate
