// The CPU profiles that this server knows.
#ifndef ARMSTATE_SERVER_PROFILE_REGISTRY_H_
#define ARMSTATE_SERVER_PROFILE_REGISTRY_H_

#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "armstate/v1/cpu_profile.pb.h"
#include "core/cpu_profile.h"

namespace armstate {

// A profile in both its forms.
struct RegisteredProfile {
  v1::CpuProfile message;
  std::shared_ptr<const CpuProfile> profile;
};

// Immutable, hence thread-safe. Profiles by the last part of their name.
class ProfileRegistry {
 public:
  // The profiles built into the program (//profiles), as protoc encoded them from text.
  static absl::StatusOr<ProfileRegistry> BuiltIn();

  // INVALID_ARGUMENT, reason CPU_PROFILE_MALFORMED, naming profile and register.
  static absl::StatusOr<ProfileRegistry> Create(v1::CpuProfileSet set);

  // `name` is "cpuProfiles/{profile}". INVALID_ARGUMENT if it is not of this form, NOT_FOUND, reason
  // CPU_PROFILE_NOT_FOUND.
  absl::StatusOr<const RegisteredProfile*> Find(absl::string_view name) const;

  const std::map<std::string, RegisteredProfile, std::less<>>& profiles() const { return profiles_; }

 private:
  std::map<std::string, RegisteredProfile, std::less<>> profiles_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROFILE_REGISTRY_H_
