#include "server/watch/watcher.h"

#include <utility>

#include "absl/time/clock.h"
#include "core/error.h"
#include "proto/status_conversion.h"
#include "server/watch/event_messages.h"

namespace armstate {
namespace {

// After this many events of other VMs, the watcher of one VM gets a new resume token, so that its own does not become
// too old.
constexpr uint64_t kProgressAfter = 10'000;

}  // namespace

absl::optional<uint64_t> Watcher::Wants() const {
  absl::MutexLock lock(&mutex_);
  if (finished_ || !messages_.empty()) return absl::nullopt;
  return position_;
}

bool Watcher::Give(const absl::StatusOr<WatchedEvents>& events) {
  absl::MutexLock lock(&mutex_);
  if (finished_) return false;
  if (!events.ok()) {
    FinishOnce(events.status());
    return false;
  }
  if (!begun_) AddProgress();  // before the first event
  begun_ = true;
  AddEvents(*events);
  if (messages_.empty()) return !events->empty();
  WriteNext();
  return false;
}

void Watcher::AddProgress() {
  messages_.push_back(std::make_shared<const v1::CheckpointEvent>(ProgressTo(position_, log_id_)));
  last_delivered_ = position_;
}

void Watcher::AddEvents(const WatchedEvents& events) {
  for (const std::shared_ptr<const WatchedEvent>& event : events) {
    position_ = event->sequence;
    if (!vm_.empty() && event->vm != vm_) continue;
    if (!access_.MayReadVm(event->vm)) continue;
    messages_.push_back(Message(event, &event->message));
    last_delivered_ = position_;
  }
  if (position_ - last_delivered_ >= kProgressAfter) AddProgress();
}

void Watcher::WriteNext() {
  write_begin_ = absl::Now();
  StartWrite(messages_.front().get());
}

void Watcher::OnWriteDone(bool ok) {
  {
    absl::MutexLock lock(&mutex_);
    messages_.pop_front();
    if (!ok) FinishOnce(CallCancelled("the client disconnected"));
    if (finished_) return;
    if (!messages_.empty()) {
      WriteNext();
      return;
    }
  }
  on_change_();
}

void Watcher::OnCancel() {
  absl::MutexLock lock(&mutex_);
  FinishOnce(CallCancelled("the client disconnected"));
}

void Watcher::OnDone() {
  {
    absl::MutexLock lock(&mutex_);  // waits until the caller of Finish releases the lock
    done_ = true;
  }
  on_done_(this);
}

void Watcher::EndIfStalled(absl::Time deadline) {
  absl::MutexLock lock(&mutex_);
  if (finished_) {
    if (*finished_ < deadline && !done_) context_.TryCancel();
    return;
  }
  if (messages_.empty() || write_begin_ >= deadline) return;
  FinishOnce(MakeError(absl::StatusCode::kResourceExhausted, ErrorReason::kWatcherTooSlow,
                       "the client did not read messages in time; watch again with the last resume_token"));
}

void Watcher::End(const absl::Status& status) {
  absl::MutexLock lock(&mutex_);
  FinishOnce(status);
}

void Watcher::FinishOnce(const absl::Status& status) {
  if (finished_) return;
  finished_ = absl::Now();
  Finish(ToGrpcStatus(status));
}

}  // namespace armstate
