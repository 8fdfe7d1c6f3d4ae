#include "server/profile_registry.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "proto/cpu_profile_conversion.h"
#include "proto/resource_names.h"

// //profiles:built_in
extern "C" const char armstate_profile_set[];
extern "C" const char armstate_profile_set_end[];

namespace armstate {

absl::StatusOr<ProfileRegistry> ProfileRegistry::BuiltIn() {
  v1::CpuProfileSet set;
  if (!set.ParseFromArray(armstate_profile_set, static_cast<int>(armstate_profile_set_end - armstate_profile_set))) {
    return absl::InternalError("the built-in CPU profiles cannot be read: the program is damaged");
  }
  return Create(std::move(set));
}

absl::StatusOr<ProfileRegistry> ProfileRegistry::Create(v1::CpuProfileSet set) {
  ProfileRegistry registry;
  for (v1::CpuProfile& message : *set.mutable_profiles()) {
    absl::StatusOr<std::string> id = ParseCpuProfileName(message.name());
    if (!id.ok()) return id.status();
    absl::StatusOr<std::shared_ptr<const CpuProfile>> profile = CpuProfileFromProto(message);
    if (!profile.ok()) return Annotate(profile.status(), message.name());
    message.set_register_count(message.registers_size());
    if (!registry.profiles_.emplace(*id, RegisteredProfile{std::move(message), *std::move(profile)}).second) {
      return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kCpuProfileMalformed,
                       absl::StrCat("two CPU profiles are named ", *id));
    }
  }
  return registry;
}

absl::StatusOr<const RegisteredProfile*> ProfileRegistry::Find(absl::string_view name) const {
  const absl::StatusOr<std::string> id = ParseCpuProfileName(name);
  if (!id.ok()) return id.status();
  const auto found = profiles_.find(*id);
  if (found == profiles_.end()) {
    return MakeError(absl::StatusCode::kNotFound, ErrorReason::kCpuProfileNotFound,
                     absl::StrCat("no CPU profile ", *id, "; ListCpuProfiles has the names"),
                     {{"name", std::string(name)}});
  }
  return &found->second;
}

}  // namespace armstate
