#include "server/profile_recognition.h"

#include <vector>

#include "server/built_in_profiles.h"

namespace armstate {
namespace {

bool HasConstantsOf(const RegisterList& list, int vcpu_count, const CpuProfile& profile) {
  const std::string reset = profile.ResetValues({0, vcpu_count});
  const absl::string_view values = list.values(), writable = profile.writable();
  for (size_t i = 0; i < values.size(); ++i) {
    if (((values[i] ^ reset[i]) & ~writable[i]) != 0) return false;
  }
  return true;
}

}  // namespace

ProfileRegistry::Entry RecogniseProfile(const RegisterList& list, int vcpu_count, const std::string& machine_type,
                                        const ProfileRegistry& profiles) {
  // Those of the machine first, since the first that fits is taken.
  std::vector<std::string> candidates, others;
  const BuiltInProfiles& built_in = profiles.built_in();
  for (size_t i = 0; i < built_in.size(); ++i) {
    const absl::StatusOr<v1::CpuProfile> header = built_in.Header(i);
    if (!header.ok() || header->accelerator() != v1::TCG) continue;
    if (static_cast<size_t>(header->register_count()) != list.size()) continue;
    (header->machine_type() == machine_type ? candidates : others).push_back(header->name());
  }
  candidates.insert(candidates.end(), others.begin(), others.end());
  for (const std::string& name : candidates) {
    const absl::StatusOr<ProfileRegistry::Entry> entry = profiles.Find(name);
    if (!entry.ok()) continue;
    const CpuProfile& profile = *(*entry)->profile;
    if (*profile.layout() == list.layout() && HasConstantsOf(list, vcpu_count, profile)) return *entry;
  }
  return nullptr;
}

}  // namespace armstate
