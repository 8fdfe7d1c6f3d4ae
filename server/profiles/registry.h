// ProfileRegistry holds the CPU profiles that this server knows: the built-in and the imported ones.
#ifndef ARMSTATE_SERVER_PROFILES_REGISTRY_H_
#define ARMSTATE_SERVER_PROFILES_REGISTRY_H_

#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "armstate/v1/cpu_profile.pb.h"
#include "core/catalog.h"
#include "server/profiles/built_in_profiles.h"
#include "server/profiles/registered_profile.h"

namespace armstate {

// Imported profiles are held in memory; HostRegistry stores them on disk. A built-in profile is prepared on request and
// lives as long as it is used; the most recently requested ones stay cached. Thread-safe.
class ProfileRegistry {
 public:
  using Entry = std::shared_ptr<const RegisteredProfile>;

  // The holder may change the imported profiles; there is one holder at a time. Must be acquired before any mutex.
  class ChangeLock {
   public:
    explicit ChangeLock(const ProfileRegistry& registry) : lock_(&registry.change_mutex_) {}

   private:
    const absl::MutexLock lock_;
  };
  // While it is held, no profile is removed. A caller that starts to use a profile by its name must hold it. Must be
  // acquired before any mutex.
  class UseLock {
   public:
    explicit UseLock(const ProfileRegistry& registry) : lock_(&registry.change_mutex_) {}

   private:
    const absl::ReaderMutexLock lock_;
  };

  struct Page {
    // The profiles without their registers.
    std::vector<v1::CpuProfile> profiles;
    // True if more profiles follow the last of these.
    bool more = false;
  };

  // Uses the profiles built into the program (//profiles), as protoc encoded them from text. Errors: those of Create.
  static absl::StatusOr<std::unique_ptr<ProfileRegistry>> BuiltIn();

  // Uses `built_in`, an armstate.v1.CpuProfileSet that must outlive the object, as the built-in profiles. Errors: those
  // of BuiltInProfiles::Create.
  static absl::StatusOr<std::unique_ptr<ProfileRegistry>> Create(absl::string_view built_in);

  // `name` is "cpuProfiles/{profile}". INVALID_ARGUMENT if it does not have this form; NOT_FOUND, reason
  // CPU_PROFILE_NOT_FOUND; DATA_LOSS, reason RECORD_DAMAGED, if the stored profile is damaged; INTERNAL for a built-in
  // profile that is invalid.
  absl::StatusOr<Entry> Find(absl::string_view name) const;

  // Returns a profile with the same content, whatever its name; null if there is none.
  Entry FindContent(const RegisteredProfile& profile) const;

  // Lists by name, including damaged profiles: at most `limit` profiles after the one with the ID `after` ("" precedes
  // all), and fewer if they are large (kMaxPageBytes).
  absl::StatusOr<Page> List(absl::string_view after, int limit) const;

  // Calls `visit` with every rule of every profile of the scheme, in unspecified order; a rule that profiles share may
  // be visited once.
  absl::Status VisitRules(IdScheme scheme, absl::FunctionRef<void(const v1::RegisterRule&)> visit) const;

  // The names of built-in profiles, and of targets that have the profile of another one.
  const BuiltInProfiles& built_in() const { return built_in_; }

  // Returns all profiles that are not built in, by ID.
  std::map<std::string, Entry, std::less<>> Imported() const;

  // Adds imported profiles, replaces those with the same name, and removes others, by ID. A built-in profile is never
  // replaced: the program's may be newer than the import.
  void Change(const ChangeLock& lock, const std::vector<Entry>& added, const std::vector<std::string>& removed);

 private:
  // The number of cached built-in profiles that are not in use.
  static constexpr size_t kKept = 8;

  explicit ProfileRegistry(BuiltInProfiles built_in) : built_in_(std::move(built_in)), in_use_(built_in_.size()) {}
  absl::StatusOr<Entry> MakeReady(size_t built_in) const;

  const BuiltInProfiles built_in_;
  mutable absl::Mutex change_mutex_;
  mutable absl::Mutex mutex_;
  mutable std::vector<std::weak_ptr<const RegisteredProfile>> in_use_ ABSL_GUARDED_BY(mutex_);  // by index
  mutable std::list<Entry> kept_ ABSL_GUARDED_BY(mutex_);  // most recently requested first
  // The imported profiles.
  std::map<std::string, Entry, std::less<>> profiles_ ABSL_GUARDED_BY(mutex_);   // by ID
  std::map<std::string, Entry, std::less<>> by_digest_ ABSL_GUARDED_BY(mutex_);  // without damaged ones
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROFILES_REGISTRY_H_
