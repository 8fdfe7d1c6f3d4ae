#include "server/profile_recognition.h"

namespace armstate {
namespace {

constexpr int kAllProfiles = 1 << 20;

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
  ProfileRegistry::Entry first;
  for (const ProfileRegistry::Entry& entry : profiles.List("", kAllProfiles).profiles) {
    if (entry->profile == nullptr || entry->origin != ProfileOrigin::kBuiltIn) continue;
    if (!(*entry->profile->layout() == list.layout()) || !HasConstantsOf(list, vcpu_count, *entry->profile)) continue;
    if (entry->message.machine_type() == machine_type) return entry;
    if (first == nullptr) first = entry;
  }
  return first;
}

}  // namespace armstate
