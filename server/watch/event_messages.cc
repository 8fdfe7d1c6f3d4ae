#include "server/watch/event_messages.h"

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "proto/resource_names.h"
#include "server/watch/resume_token.h"

namespace armstate {
namespace {

v1::CheckpointEvent::Kind TypeOf(CheckpointEventKind kind) {
  switch (kind) {
    case CheckpointEventKind::kCommitted:
      return v1::CheckpointEvent::KIND_CREATED;
    case CheckpointEventKind::kDeleted:
      return v1::CheckpointEvent::KIND_DELETED;
    case CheckpointEventKind::kVmDeleted:
      return v1::CheckpointEvent::KIND_VM_DELETED;
  }
  return v1::CheckpointEvent::KIND_UNSPECIFIED;
}

}  // namespace

v1::CheckpointEvent EventToProto(const CheckpointEvent& event, uint64_t log_id) {
  v1::CheckpointEvent message;
  message.set_kind(TypeOf(event.kind));
  const bool is_vm = event.kind == CheckpointEventKind::kVmDeleted;
  message.set_checkpoint(is_vm ? FormatVmName(event.vm) : FormatCheckpointName(event.vm, event.version));
  message.set_vm_uid(absl::StrCat(absl::Hex(event.incarnation, absl::kZeroPad16)));
  *message.mutable_event_time() =
      google::protobuf::util::TimeUtil::NanosecondsToTimestamp(absl::ToUnixNanos(event.time));
  message.set_resume_token(EncodeResumeToken(log_id, event.sequence));
  return message;
}

v1::CheckpointEvent ProgressTo(uint64_t sequence, uint64_t log_id) {
  v1::CheckpointEvent message;
  message.set_kind(v1::CheckpointEvent::KIND_PROGRESS);
  message.set_resume_token(EncodeResumeToken(log_id, sequence));
  return message;
}

}  // namespace armstate
