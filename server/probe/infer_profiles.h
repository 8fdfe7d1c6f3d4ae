// ProfilesFromProbe infers the CPU profiles of a host from its probe.
#ifndef ARMSTATE_SERVER_PROBE_INFER_PROFILES_H_
#define ARMSTATE_SERVER_PROBE_INFER_PROFILES_H_

#include <vector>

#include "absl/status/statusor.h"
#include "armstate/v1/cpu_profile.pb.h"
#include "server/probe/recording.h"

namespace armstate {

enum class ImplementationId { kFixed, kWritable };

// Returns the profile of VMs with one feature class, named by ProbedProfileName. Whatever no experiment shows is
// undetermined in it. A class that was not experimented on adopts the findings for a register from the most similar
// class in which the register has the same reset value.
//
// INVALID_ARGUMENT, reason CPU_PROFILE_MALFORMED, with metadata "register_id" where one is at fault: contradictory
// experiments.
absl::StatusOr<v1::CpuProfile> ProfileFromProbe(const ProbeRecording& probe,
                                                const ProbeRecording::FeatureClass& feature_class,
                                                ImplementationId implementation_id);

// Returns all profiles of the host: one for each class, and another one with a writable implementation ID where the
// host supports that.
absl::StatusOr<std::vector<v1::CpuProfile>> ProfilesFromProbe(const ProbeRecording& probe);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROBE_INFER_PROFILES_H_
