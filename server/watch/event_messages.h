// What a watcher is told: messages of events, and resume tokens.
#ifndef ARMSTATE_SERVER_WATCH_EVENT_MESSAGES_H_
#define ARMSTATE_SERVER_WATCH_EVENT_MESSAGES_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "armstate/v1/checkpoint_watch.pb.h"
#include "storage/checkpoint_event.h"

namespace armstate {

// `log_id` is EventRange::log_id.
v1::CheckpointEvent EventToProto(const CheckpointEvent& event, uint64_t log_id);
// Says only that all events up to this one were told.
v1::CheckpointEvent ProgressTo(uint64_t sequence, uint64_t log_id);

// The number of an event in a log as a resume token, and back. INVALID_ARGUMENT, reason PAGE_TOKEN_INVALID, for what is
// no token, or one of another log.
std::string EncodeResumeToken(uint64_t log_id, uint64_t sequence);
absl::StatusOr<uint64_t> DecodeResumeToken(uint64_t log_id, absl::string_view token);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_WATCH_EVENT_MESSAGES_H_
