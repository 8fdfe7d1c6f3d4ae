// The text of one of a probe's files, line by line.
#ifndef ARMSTATE_SERVER_PROBE_PARSE_LINES_H_
#define ARMSTATE_SERVER_PROBE_PARSE_LINES_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/probe/parse_json.h"

namespace armstate {

// `text`: of the line.
using ProbeLineVisitor = std::function<absl::Status(const Json& line, absl::string_view text, const Place& place)>;

// Whether `armstate-kvm probe` wrote it: its first line is {"format":"armstate-probe","version":1,...}. Then every line
// ends with a checksum, and the last one with their number; docs/probe-format.md has the format.
bool HasChecksums(absl::string_view text);

// Visits each line that is not empty and no part of that frame, up to the first error. A file without checksums may
// also be one object over many lines.
//
// INVALID_ARGUMENT, reason CPU_PROFILE_MALFORMED, names file and line, and the register where only one can be meant: a
// line that is no JSON object or too long; in a file with checksums, one that was changed, doubled, moved or lost.
absl::Status VisitProbeLines(absl::string_view file, absl::string_view text, const ProbeLineVisitor& visit);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROBE_PARSE_LINES_H_
