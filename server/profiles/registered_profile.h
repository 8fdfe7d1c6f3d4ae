// RegisteredProfile is a CPU profile as the server holds it.
#ifndef ARMSTATE_SERVER_PROFILES_REGISTERED_PROFILE_H_
#define ARMSTATE_SERVER_PROFILES_REGISTERED_PROFILE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "armstate/v1/cpu_profile.pb.h"
#include "core/cpu_profile.h"

namespace armstate {

enum class ProfileOrigin {
  kBuiltIn,   // part of the program
  kImported,  // from ImportCpuProfile; stays without a host
  kHost,      // from the probe of a host; deleted with the last host that refers to it
};

// The profile as a message and ready for use. Immutable.
struct RegisteredProfile {
  v1::CpuProfile message;
  // Null if the stored profile is damaged: `message` then has only its name and `error`.
  std::shared_ptr<const CpuProfile> profile;
  ProfileOrigin origin = ProfileOrigin::kBuiltIn;
  // SHA-256 of everything except the name: profiles with the same digest accept the same values.
  std::string digest;
};

// Validates and compiles a profile. INVALID_ARGUMENT, reason CPU_PROFILE_MALFORMED, naming profile and register.
absl::StatusOr<std::shared_ptr<const RegisteredProfile>> RegisterProfile(v1::CpuProfile message, ProfileOrigin origin);

// Returns a placeholder for a stored profile that cannot be read. If its origin cannot be read either, it is kHost, so
// that the placeholder goes with its last host.
std::shared_ptr<const RegisteredProfile> DamagedProfile(absl::string_view name, ProfileOrigin origin,
                                                        absl::string_view why);

// DATA_LOSS, reason RECORD_DAMAGED, with the profile's name, if the profile is such a placeholder.
absl::Status CheckReadable(const RegisteredProfile& profile);

// Used for lists: the registers are 300 times larger than the rest.
v1::CpuProfile WithoutRegisters(const v1::CpuProfile& profile);

// Serializes everything except the name and the registers, for comparisons.
std::string ProfileHeaderBytes(const v1::CpuProfile& profile);

// Returns the 32 bytes of RegisteredProfile::digest.
std::string ProfileDigest(const v1::CpuProfile& profile);

// Returns the name of a profile that was made from a probe, "cpuProfiles/kvm-6.12.117.cortex-a72.pmu-1a2b3c4d": the
// kernel, the CPU, the probe's name of the feature set, and the first bytes of the digest.
std::string ProbedProfileName(const v1::CpuProfile& profile, absl::string_view feature_set);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROFILES_REGISTERED_PROFILE_H_
