#include "server/watch/watcher.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/error.h"
#include "google/protobuf/util/time_util.h"
#include "proto/resource_names.h"
#include "proto/status_conversion.h"
#include "server/watch/resume_token.h"

namespace armstate {
namespace {

constexpr size_t kEventsPerRead = 256;
// After so many events of other VMs a watcher of one gets a new resume token, lest its own be too old one day.
constexpr uint64_t kProgressAfter = 10'000;

v1::CheckpointEvent::Type TypeOf(CheckpointEventKind kind) {
  switch (kind) {
    case CheckpointEventKind::kCommitted:
      return v1::CheckpointEvent::CREATED;
    case CheckpointEventKind::kDeleted:
      return v1::CheckpointEvent::DELETED;
    case CheckpointEventKind::kVmDeleted:
      return v1::CheckpointEvent::VM_DELETED;
  }
  return v1::CheckpointEvent::TYPE_UNSPECIFIED;
}

v1::CheckpointEvent EventToProto(const CheckpointEvent& event, uint64_t log_id) {
  v1::CheckpointEvent message;
  message.set_type(TypeOf(event.kind));
  const bool is_vm = event.kind == CheckpointEventKind::kVmDeleted;
  message.set_checkpoint(is_vm ? FormatVmName(event.vm) : FormatCheckpointName(event.vm, event.version));
  message.set_vm_uid(absl::StrCat(absl::Hex(event.incarnation, absl::kZeroPad16)));
  *message.mutable_event_time() =
      google::protobuf::util::TimeUtil::NanosecondsToTimestamp(absl::ToUnixNanos(event.time));
  message.set_resume_token(EncodeResumeToken(log_id, event.sequence));
  return message;
}

v1::CheckpointEvent Progress(uint64_t sequence, uint64_t log_id) {
  v1::CheckpointEvent message;
  message.set_type(v1::CheckpointEvent::PROGRESS);
  message.set_resume_token(EncodeResumeToken(log_id, sequence));
  return message;
}

}  // namespace

Watcher::Watcher(grpc::CallbackServerContext& context, CheckpointStore& store, std::string vm, uint64_t position,
                 std::function<void()> on_change, std::function<void(Watcher*)> on_done)
    : context_(context),
      store_(store),
      log_id_(store.events().log_id),
      vm_(std::move(vm)),
      on_change_(std::move(on_change)),
      on_done_(std::move(on_done)),
      position_(position),
      told_(position) {
  const std::lock_guard<std::mutex> lock(mutex_);
  messages_.push_back(Progress(position, log_id_));
  WriteNext();
}

bool Watcher::Advance() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (finished_ || !messages_.empty()) return false;
  const absl::StatusOr<EventPage> page = store_.ReadEvents(position_, kEventsPerRead);
  if (!page.ok()) {
    FinishOnce(page.status());
    return false;
  }
  if (page->events.empty()) return false;
  AddEvents(*page);
  if (messages_.empty()) return true;
  WriteNext();
  return false;
}

void Watcher::AddEvents(const EventPage& page) {
  for (const CheckpointEvent& event : page.events) {
    if (!vm_.empty() && event.vm != vm_) continue;
    messages_.push_back(EventToProto(event, log_id_));
    told_ = event.sequence;
  }
  position_ = page.events.back().sequence;
  if (position_ - told_ < kProgressAfter) return;
  messages_.push_back(Progress(position_, log_id_));
  told_ = position_;
}

void Watcher::WriteNext() {
  write_begin_ = absl::Now();
  StartWrite(&messages_.front());
}

void Watcher::OnWriteDone(bool ok) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    messages_.pop_front();
    if (!ok) FinishOnce(absl::CancelledError("the watcher went away"));
    if (finished_) return;
    if (!messages_.empty()) {
      WriteNext();
      return;
    }
  }
  on_change_();
}

void Watcher::OnCancel() {
  const std::lock_guard<std::mutex> lock(mutex_);
  FinishOnce(absl::CancelledError("the watcher went away"));
}

void Watcher::EndIfStalled(absl::Time deadline) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (finished_) {
    if (*finished_ < deadline) context_.TryCancel();
    return;
  }
  if (messages_.empty() || write_begin_ >= deadline) return;
  FinishOnce(MakeError(absl::StatusCode::kResourceExhausted, ErrorReason::kWatcherTooSlow,
                       "messages were not taken in time; watch again with the last resume_token"));
}

void Watcher::End(const absl::Status& status) {
  const std::lock_guard<std::mutex> lock(mutex_);
  FinishOnce(status);
}

void Watcher::FinishOnce(const absl::Status& status) {
  if (finished_) return;
  finished_ = absl::Now();
  Finish(ToGrpcStatus(status));
}

}  // namespace armstate
