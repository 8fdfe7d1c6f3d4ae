#include "server/profiles/registry.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "proto/resource_names.h"
#include "server/rpc/page_token.h"

// //profiles:built_in
extern "C" const char armstate_profile_set[];
extern "C" const char armstate_profile_set_end[];

namespace armstate {
namespace {

std::string IdOf(const RegisteredProfile& profile) {
  const absl::StatusOr<std::string> id = ParseCpuProfileName(profile.message.name());
  return id.ok() ? *id : std::string();  // RegisterProfile validated it
}

}  // namespace

absl::StatusOr<std::unique_ptr<ProfileRegistry>> ProfileRegistry::BuiltIn() {
  return Create({armstate_profile_set, static_cast<size_t>(armstate_profile_set_end - armstate_profile_set)});
}

absl::StatusOr<std::unique_ptr<ProfileRegistry>> ProfileRegistry::Create(absl::string_view built_in) {
  absl::StatusOr<BuiltInProfiles> profiles = BuiltInProfiles::Create(built_in);
  if (!profiles.ok()) return profiles.status();
  return std::unique_ptr<ProfileRegistry>(new ProfileRegistry(*std::move(profiles)));  // the constructor is private
}

absl::StatusOr<ProfileRegistry::Entry> ProfileRegistry::MakeReady(size_t built_in) const {
  {
    absl::MutexLock lock(&mutex_);
    if (Entry entry = in_use_[built_in].lock()) {
      const auto kept = std::find(kept_.begin(), kept_.end(), entry);
      if (kept != kept_.end()) kept_.splice(kept_.begin(), kept_, kept);
      return entry;
    }
  }
  // Done without the lock, since it takes a millisecond. Two concurrent callers both do the work, and the second one
  // uses the first one's result.
  absl::StatusOr<v1::CpuProfile> message = built_in_.Message(built_in);
  if (!message.ok()) return message.status();
  const absl::StatusOr<Entry> made = RegisterProfile(*std::move(message), ProfileOrigin::kBuiltIn);
  if (!made.ok()) return absl::InternalError(made.status().message());
  absl::MutexLock lock(&mutex_);
  Entry entry = in_use_[built_in].lock();
  if (entry != nullptr) return entry;
  in_use_[built_in] = *made;
  kept_.push_front(*made);
  if (kept_.size() > kKept) kept_.pop_back();
  return *made;
}

absl::StatusOr<ProfileRegistry::Entry> ProfileRegistry::Find(absl::string_view name) const {
  const absl::StatusOr<std::string> id = ParseCpuProfileName(name);
  if (!id.ok()) return id.status();
  if (const absl::optional<size_t> built_in = built_in_.Find(*id)) return MakeReady(*built_in);
  absl::MutexLock lock(&mutex_);
  const auto found = profiles_.find(*id);
  if (found == profiles_.end()) {
    return MakeError(absl::StatusCode::kNotFound, ErrorReason::kCpuProfileNotFound,
                     absl::StrCat("no CPU profile ", *id, "; see ListCpuProfiles for the names"),
                     {{"name", std::string(name)}});
  }
  if (absl::Status status = CheckReadable(*found->second); !status.ok()) return status;
  return found->second;
}

ProfileRegistry::Entry ProfileRegistry::FindContent(const RegisteredProfile& profile) const {
  // Few profiles have the same header as this one, so the digests of the others are not needed.
  const std::string header_bytes = ProfileHeaderBytes(profile.message);
  for (size_t i = 0; i < built_in_.size(); ++i) {
    const absl::StatusOr<v1::CpuProfile> header = built_in_.Header(i);
    if (!header.ok() || ProfileHeaderBytes(*header) != header_bytes) continue;
    const absl::StatusOr<Entry> entry = MakeReady(i);
    if (entry.ok() && (*entry)->digest == profile.digest) return *entry;
  }
  absl::MutexLock lock(&mutex_);
  const auto found = by_digest_.find(profile.digest);
  return found == by_digest_.end() ? nullptr : found->second;
}

absl::StatusOr<ProfileRegistry::Page> ProfileRegistry::List(absl::string_view after, int limit) const {
  Page page;
  absl::MutexLock lock(&mutex_);
  auto imported = profiles_.upper_bound(after);
  size_t built_in = 0;
  size_t bytes = 0;
  while (built_in < built_in_.size() && built_in_.id(built_in) <= after) ++built_in;
  while (built_in < built_in_.size() || imported != profiles_.end()) {
    if (page.profiles.size() == static_cast<size_t>(limit) || bytes > kMaxPageBytes) {
      page.more = true;
      break;
    }
    if (imported == profiles_.end() || (built_in < built_in_.size() && built_in_.id(built_in) < imported->first)) {
      absl::StatusOr<v1::CpuProfile> header = built_in_.Header(built_in++);
      if (!header.ok()) return header.status();
      page.profiles.push_back(*std::move(header));
    } else {
      page.profiles.push_back(WithoutRegisters((imported++)->second->message));
    }
    bytes += page.profiles.back().ByteSizeLong();
  }
  return page;
}

absl::Status ProfileRegistry::VisitRules(IdScheme scheme,
                                         absl::FunctionRef<void(const v1::RegisterRule&)> visit) const {
  const v1::Accelerator accelerator = scheme == IdScheme::kTcg ? v1::ACCELERATOR_TCG : v1::ACCELERATOR_KVM;
  // A rule that a profile shares with its base is visited with the base.
  for (size_t i = 0; i < built_in_.size(); ++i) {
    const absl::StatusOr<v1::StoredCpuProfile> stored = built_in_.Difference(i);
    if (!stored.ok()) return stored.status();
    if (stored->profile().accelerator() != accelerator) continue;
    for (const v1::RegisterRule& rule : stored->profile().registers()) visit(rule);
  }
  for (const auto& [id, entry] : Imported()) {
    if (entry->message.accelerator() != accelerator) continue;
    for (const v1::RegisterRule& rule : entry->message.registers()) visit(rule);
  }
  return absl::OkStatus();
}

std::map<std::string, ProfileRegistry::Entry, std::less<>> ProfileRegistry::Imported() const {
  absl::MutexLock lock(&mutex_);
  return profiles_;
}

void ProfileRegistry::Change(const ChangeLock& /*lock*/, const std::vector<Entry>& added,
                             const std::vector<std::string>& removed) {
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
    if (built_in_.Find(id)) continue;
    remove(id);
    profiles_.emplace(id, entry);
    if (!entry->digest.empty()) by_digest_.emplace(entry->digest, entry);
  }
}

}  // namespace armstate
