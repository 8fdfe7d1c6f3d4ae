// What a probe recorded -> the CPU profiles of the host.
#ifndef ARMSTATE_SERVER_PROBE_INFER_PROFILES_H_
#define ARMSTATE_SERVER_PROBE_INFER_PROFILES_H_

#include <vector>

#include "absl/status/statusor.h"
#include "armstate/v1/cpu_profile.pb.h"
#include "server/probe/recording.h"

namespace armstate {

enum class ImplementationId { kFixed, kWritable };

// The profile of VMs of one feature class, named by ProbedProfileName. What no experiment shows is undetermined in it.
// A class that was not experimented on takes over what was found of a register in the class most like it in which the
// register has the same reset value.
//
// INVALID_ARGUMENT, reason CPU_PROFILE_MALFORMED, with metadata "register_id" where one is at fault: experiments that
// contradict each other.
absl::StatusOr<v1::CpuProfile> ProfileFromProbe(const HostProbe& probe, const HostProbe::FeatureClass& feature_class,
                                                ImplementationId implementation_id);

// All profiles of the host: each class, and each again with a writable implementation ID where the host has that.
absl::StatusOr<std::vector<v1::CpuProfile>> ProfilesFromProbe(const HostProbe& probe);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROBE_INFER_PROFILES_H_
