#include "server/profile_registry.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "proto/resource_names.h"
#include "server/stored_profile.h"

// //profiles:built_in
extern "C" const char armstate_profile_set[];
extern "C" const char armstate_profile_set_end[];

namespace armstate {
namespace {

std::string IdOf(const RegisteredProfile& profile) {
  const absl::StatusOr<std::string> id = ParseCpuProfileName(profile.message.name());
  return id.ok() ? *id : std::string();  // RegisterProfile has checked it
}

}  // namespace

absl::StatusOr<std::unique_ptr<ProfileRegistry>> ProfileRegistry::BuiltIn() {
  v1::CpuProfileSet set;
  if (!set.ParseFromArray(armstate_profile_set, static_cast<int>(armstate_profile_set_end - armstate_profile_set))) {
    return absl::InternalError("the built-in CPU profiles cannot be read: the program is damaged");
  }
  return Create(std::move(set));
}

absl::StatusOr<std::unique_ptr<ProfileRegistry>> ProfileRegistry::Create(v1::CpuProfileSet built_in) {
  std::unique_ptr<ProfileRegistry> registry(new ProfileRegistry());  // the constructor is private
  absl::MutexLock lock(&registry->mutex_);
  for (v1::StoredCpuProfile& stored : *built_in.mutable_profiles()) {
    const auto base = registry->profiles_.find(stored.base());
    if (!stored.base().empty() && base == registry->profiles_.end()) {
      return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kCpuProfileMalformed,
                       absl::StrCat("no profile ", stored.base(), " before ", stored.profile().name()));
    }
    absl::StatusOr<v1::CpuProfile> message = ExpandProfile(
        std::move(stored), stored.base().empty() ? v1::CpuProfile::default_instance() : base->second->message);
    if (!message.ok()) return message.status();
    const absl::StatusOr<Entry> profile = RegisterProfile(*std::move(message), ProfileOrigin::kBuiltIn);
    if (!profile.ok()) return profile.status();
    registry->by_digest_.emplace((*profile)->digest, *profile);
    const std::string id = IdOf(**profile);
    if (!registry->profiles_.emplace(id, *profile).second) {
      return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kCpuProfileMalformed,
                       absl::StrCat("two CPU profiles are named ", id));
    }
  }
  return registry;
}

absl::StatusOr<ProfileRegistry::Entry> ProfileRegistry::Find(absl::string_view name) const {
  const absl::StatusOr<std::string> id = ParseCpuProfileName(name);
  if (!id.ok()) return id.status();
  absl::MutexLock lock(&mutex_);
  const auto found = profiles_.find(*id);
  if (found == profiles_.end()) {
    return MakeError(absl::StatusCode::kNotFound, ErrorReason::kCpuProfileNotFound,
                     absl::StrCat("no CPU profile ", *id, "; ListCpuProfiles has the names"),
                     {{"name", std::string(name)}});
  }
  if (found->second->profile == nullptr) {
    return MakeError(absl::StatusCode::kDataLoss, ErrorReason::kRecordDamaged, found->second->message.damage(),
                     {{"record", std::string(name)}});
  }
  return found->second;
}

ProfileRegistry::Entry ProfileRegistry::FindContent(absl::string_view digest) const {
  absl::MutexLock lock(&mutex_);
  const auto found = by_digest_.find(digest);
  return found == by_digest_.end() ? nullptr : found->second;
}

ProfileRegistry::Page ProfileRegistry::List(absl::string_view after, int limit) const {
  Page page;
  absl::MutexLock lock(&mutex_);
  for (auto it = profiles_.upper_bound(after); it != profiles_.end(); ++it) {
    if (page.profiles.size() == static_cast<size_t>(limit)) {
      page.more = true;
      break;
    }
    page.profiles.push_back(it->second);
  }
  return page;
}

std::map<std::string, ProfileRegistry::Entry, std::less<>> ProfileRegistry::Imported() const {
  std::map<std::string, Entry, std::less<>> imported;
  absl::MutexLock lock(&mutex_);
  for (const auto& [id, entry] : profiles_) {
    if (entry->origin != ProfileOrigin::kBuiltIn) imported.emplace(id, entry);
  }
  return imported;
}

void ProfileRegistry::Change(const std::vector<Entry>& added, const std::vector<std::string>& removed) {
  absl::MutexLock lock(&mutex_);
  const auto remove = [this](absl::string_view id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto found = profiles_.find(id);
    if (found == profiles_.end()) return;
    const auto by_digest = by_digest_.find(found->second->digest);
    if (by_digest != by_digest_.end() && by_digest->second == found->second) by_digest_.erase(by_digest);
    profiles_.erase(found);
  };
  for (const std::string& id : removed) remove(id);
  for (const Entry& entry : added) {
    const std::string id = IdOf(*entry);
    const auto existing = profiles_.find(id);
    if (existing != profiles_.end() && existing->second->origin == ProfileOrigin::kBuiltIn) continue;
    remove(id);
    profiles_.emplace(id, entry);
    if (!entry->digest.empty()) by_digest_.emplace(entry->digest, entry);
  }
}

}  // namespace armstate
