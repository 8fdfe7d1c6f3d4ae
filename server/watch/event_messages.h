// EventToProto and ProgressTo build the messages that watchers receive.
#ifndef ARMSTATE_SERVER_WATCH_EVENT_MESSAGES_H_
#define ARMSTATE_SERVER_WATCH_EVENT_MESSAGES_H_

#include <cstdint>

#include "armstate/v1/checkpoint_watch.pb.h"
#include "storage/checkpoint_event.h"

namespace armstate {

// `log_id` is EventRange::log_id.
v1::CheckpointEvent EventToProto(const CheckpointEvent& event, uint64_t log_id);
// Returns a message that only says that all events up to this one were delivered.
v1::CheckpointEvent ProgressTo(uint64_t sequence, uint64_t log_id);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_WATCH_EVENT_MESSAGES_H_
