// The number of an event as a token that a client gives back to watch on.
#ifndef ARMSTATE_SERVER_WATCH_RESUME_TOKEN_H_
#define ARMSTATE_SERVER_WATCH_RESUME_TOKEN_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace armstate {

// The number of an event in a log (EventRange::log_id) as a resume token, and back. INVALID_ARGUMENT, reason
// PAGE_TOKEN_INVALID, for what is no token, or one of another log.
std::string EncodeResumeToken(uint64_t log_id, uint64_t sequence);
absl::StatusOr<uint64_t> DecodeResumeToken(uint64_t log_id, absl::string_view token);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_WATCH_RESUME_TOKEN_H_
