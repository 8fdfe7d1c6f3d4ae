// ProbeText returns the text of a probe's file, which may be compressed.
#ifndef ARMSTATE_SERVER_PROBE_PARSE_TEXT_H_
#define ARMSTATE_SERVER_PROBE_PARSE_TEXT_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace armstate {

// Returns `content`, decompressed if it is zstd data. INVALID_ARGUMENT, reason CPU_PROFILE_MALFORMED, with metadata
// "file" and "line" (1), for damaged or incomplete compressed data, and for more than `limit` bytes of text.
absl::StatusOr<std::string> ProbeText(absl::string_view file, absl::string_view content, size_t limit);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROBE_PARSE_TEXT_H_
