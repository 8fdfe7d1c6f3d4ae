// HostDraft is a host that is not registered yet.
#ifndef ARMSTATE_SERVER_HOSTS_HOST_DRAFT_H_
#define ARMSTATE_SERVER_HOSTS_HOST_DRAFT_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "armstate/v1/cpu_profile.pb.h"
#include "armstate/v1/host_service.pb.h"
#include "server/probe/recording.h"

namespace armstate {

struct HostDraft {
  // Refers to its profiles by host.profiles[].cpu_profile.
  v1::Host host;
  // Those of its profiles that may not be registered yet.
  std::vector<v1::CpuProfile> profiles;
};

// Builds a host from its probes, one for each kind of its cores (at least one): everything except the name, the labels
// and the times.
//
// INVALID_ARGUMENT, reason CPU_PROFILE_MALFORMED, with metadata "register_id" where one is at fault: more than 64 sets
// of features, names that are longer than 255 bytes, experiments that contradict each other; probes of different
// kernels, of the same CPU, or that cannot be told apart.
absl::StatusOr<HostDraft> HostFromProbes(absl::Span<const ProbeRecording> probes);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_HOSTS_HOST_DRAFT_H_
