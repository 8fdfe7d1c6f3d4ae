// VisitProbeLines splits a file of a probe into lines and verifies their checksums.
#ifndef ARMSTATE_SERVER_PROBE_PARSE_LINES_H_
#define ARMSTATE_SERVER_PROBE_PARSE_LINES_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/probe/parse_json.h"

namespace armstate {

// `text` is the text of the line.
using ProbeLineVisitor = std::function<absl::Status(const Json& line, absl::string_view text, const Place& place)>;

// Returns true if `armstate-kvm probe` wrote the file: its first line is {"format":"armstate-probe","version":1,...}.
// Every line then ends with a checksum, and the last one contains the number of lines; docs/probe-format.md has the
// format.
bool HasChecksums(absl::string_view text);

// Visits each line that is neither empty nor part of that frame, up to the first error. A file without checksums may
// also be a single object over many lines.
//
// INVALID_ARGUMENT, reason CPU_PROFILE_MALFORMED, names the file, the line, and the register if it is unambiguous: a
// line that is not a JSON object or is too long; in a file with checksums, a line that was changed, duplicated, moved
// or lost.
absl::Status VisitProbeLines(absl::string_view file, absl::string_view text, const ProbeLineVisitor& visit);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROBE_PARSE_LINES_H_
