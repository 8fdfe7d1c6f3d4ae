// One line of a probe's experiments.
#ifndef ARMSTATE_SERVER_PROBE_EXPERIMENT_H_
#define ARMSTATE_SERVER_PROBE_EXPERIMENT_H_

#include "absl/status/status.h"
#include "server/host_probe.h"
#include "server/probe_json.h"

namespace armstate {

// Adds what the line says to `probe`, which has its classes. Errors: see ParseHostProbe.
absl::Status ParseExperiment(const Json& line, Place place, HostProbe& probe);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROBE_EXPERIMENT_H_
