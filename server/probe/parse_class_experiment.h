// ParseClassExperiment parses the lines of a probe that are not about the values of a single register.
// docs/probe-format.md lists all kinds.
#ifndef ARMSTATE_SERVER_PROBE_PARSE_CLASS_EXPERIMENT_H_
#define ARMSTATE_SERVER_PROBE_PARSE_CLASS_EXPERIMENT_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/probe/parse_json.h"
#include "server/probe/recording.h"

namespace armstate {

bool IsClassExperiment(absl::string_view kind);

// Adds the content of the line to the class that it refers to. Precondition: IsClassExperiment(kind). Errors: see
// ParseProbeRecording; also for a host whose treatment of vectors no CPU profile can express.
absl::Status ParseClassExperiment(absl::string_view kind, const Json& line, Place place,
                                  ProbeRecording::FeatureClass& feature_class);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROBE_PARSE_CLASS_EXPERIMENT_H_
