// One line of a probe's experiments.
#ifndef ARMSTATE_SERVER_PROBE_PARSE_EXPERIMENT_H_
#define ARMSTATE_SERVER_PROBE_PARSE_EXPERIMENT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/probe/parse_json.h"
#include "server/probe/recording.h"

namespace armstate {

// Adds what the line says to `probe`, which has its classes. Errors: see ParseHostProbe.
absl::Status ParseExperiment(const Json& line, Place place, HostProbe& probe);

// "sticks", "ignored", "other", "rejected" of a register of `width` bytes.
absl::StatusOr<HostProbe::Bits> ParseBits(const Json& line, size_t width, const Place& place);
// "tries".
absl::StatusOr<std::vector<HostProbe::Value>> ParseValues(const Json& line, const Place& place);
// "errnos": one, or several that nobody can tell apart, as "EINVAL|EPERM".
absl::StatusOr<std::string> ParseErrors(const Json& line, const Place& place);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROBE_PARSE_EXPERIMENT_H_
