// Lines of a probe's experiments that are not about one register's values alone.
// docs/probe-format.md has all kinds.
#ifndef ARMSTATE_SERVER_PROBE_PARSE_CLASS_EXPERIMENT_H_
#define ARMSTATE_SERVER_PROBE_PARSE_CLASS_EXPERIMENT_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/probe/parse_json.h"
#include "server/probe/recording.h"

namespace armstate {

bool IsClassExperiment(absl::string_view kind);

// Adds what the line says to the class it was made on. Precondition: IsClassExperiment(kind). Errors: see
// ParseHostProbe; also for a host that treats its vectors in a way that no CPU profile can tell.
absl::Status ParseClassExperiment(absl::string_view kind, const Json& line, Place place,
                                  HostProbe::FeatureClass& feature_class);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROBE_PARSE_CLASS_EXPERIMENT_H_
