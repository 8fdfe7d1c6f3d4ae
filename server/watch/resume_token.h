// A resume token encodes the number of an event, from which a client continues to watch.
#ifndef ARMSTATE_SERVER_WATCH_RESUME_TOKEN_H_
#define ARMSTATE_SERVER_WATCH_RESUME_TOKEN_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace armstate {

// Encode and decode the number of an event in a log (EventRange::log_id). INVALID_ARGUMENT, reason PAGE_TOKEN_INVALID,
// for malformed tokens and tokens of another log.
std::string EncodeResumeToken(uint64_t log_id, uint64_t sequence);
absl::StatusOr<uint64_t> DecodeResumeToken(uint64_t log_id, absl::string_view token);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_WATCH_RESUME_TOKEN_H_
