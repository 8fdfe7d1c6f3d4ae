// A CPU profile as the server holds it.
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
  kHost,      // from the probe of a host; goes with the last host that has it
};

// In both its forms. Immutable.
struct RegisteredProfile {
  v1::CpuProfile message;
  // Null if the stored profile is damaged: then the message has only its name and `damage`.
  std::shared_ptr<const CpuProfile> profile;
  ProfileOrigin origin = ProfileOrigin::kBuiltIn;
  // SHA-256 of all but its name: profiles with the same digest accept the same.
  std::string digest;
};

// INVALID_ARGUMENT, reason CPU_PROFILE_MALFORMED, naming profile and register.
absl::StatusOr<std::shared_ptr<const RegisteredProfile>> RegisterProfile(v1::CpuProfile message, ProfileOrigin origin);

// In place of a stored profile that cannot be read.
std::shared_ptr<const RegisteredProfile> DamagedProfile(absl::string_view name, absl::string_view damage);

// DATA_LOSS, reason RECORD_DAMAGED, with the profile's name, for such a one.
absl::Status CheckReadable(const RegisteredProfile& profile);

// For lists: the registers are 300 times the rest.
v1::CpuProfile WithoutRegisters(const v1::CpuProfile& profile);

// What a profile says of its target beside the registers, as bytes to be compared.
std::string ProfileHeaderBytes(const v1::CpuProfile& profile);

// The 32 bytes of RegisteredProfile::digest.
std::string ProfileDigest(const v1::CpuProfile& profile);

// The name of a profile that was made from a probe: "cpuProfiles/kvm-6.12.117.cortex-a72.pmu-1a2b3c4d", of the kernel,
// the CPU, the probe's name of the feature set, and the first bytes of the digest.
std::string ProbedProfileName(const v1::CpuProfile& profile, absl::string_view feature_set);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROFILES_REGISTERED_PROFILE_H_
