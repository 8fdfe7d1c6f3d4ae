// ParseExperiment parses one line of a probe's experiments.
#ifndef ARMSTATE_SERVER_PROBE_PARSE_EXPERIMENT_H_
#define ARMSTATE_SERVER_PROBE_PARSE_EXPERIMENT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/probe/parse_json.h"
#include "server/probe/recording.h"

namespace armstate {

// Adds the content of the line to `probe`, whose classes must be complete. Errors: see ParseProbeRecording.
absl::Status ParseExperiment(const Json& line, Place place, ProbeRecording& probe);

// Parses "sticks", "ignored", "other" and "rejected" of a register of `width` bytes.
absl::StatusOr<ProbeRecording::Bits> ParseBits(const Json& line, size_t width, const Place& place);
// Parses "tries".
absl::StatusOr<std::vector<ProbeRecording::Value>> ParseValues(const Json& line, const Place& place);
// Parses "errnos": one errno, or several indistinguishable ones, as "EINVAL|EPERM".
absl::StatusOr<std::string> ParseErrors(const Json& line, const Place& place);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROBE_PARSE_EXPERIMENT_H_
