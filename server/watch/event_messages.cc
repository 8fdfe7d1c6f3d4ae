#include "server/watch/event_messages.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "google/protobuf/util/time_util.h"
#include "proto/resource_names.h"
#include "server/page_token.h"

namespace armstate {
namespace {

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

std::string TokenList(uint64_t log_id) { return absl::StrCat("watch/", absl::Hex(log_id, absl::kZeroPad16)); }

}  // namespace

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

v1::CheckpointEvent ProgressTo(uint64_t sequence, uint64_t log_id) {
  v1::CheckpointEvent message;
  message.set_type(v1::CheckpointEvent::PROGRESS);
  message.set_resume_token(EncodeResumeToken(log_id, sequence));
  return message;
}

std::string EncodeResumeToken(uint64_t log_id, uint64_t sequence) {
  return EncodePageToken(TokenList(log_id), absl::StrCat(sequence));
}

absl::StatusOr<uint64_t> DecodeResumeToken(uint64_t log_id, absl::string_view token) {
  const absl::StatusOr<std::string> text = DecodePageToken(TokenList(log_id), token);
  uint64_t sequence = 0;
  if (text.ok() && absl::SimpleAtoi(*text, &sequence)) return sequence;
  return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kPageTokenInvalid,
                   "resume_token is not one of this server's data; read anew what is stored, and watch without one",
                   {{"field", "resume_token"}});
}

}  // namespace armstate
