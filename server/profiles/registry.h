// The CPU profiles that this server knows: those built into the program, and imported ones.
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

// Holds the imported profiles in memory, which HostRegistry keeps on disk. A built-in one is made ready for use when it
// is asked for, and lives as long as somebody uses it; the last few that were asked for stay. Thread-safe.
class ProfileRegistry {
 public:
  using Entry = std::shared_ptr<const RegisteredProfile>;

  // Who has it may change the imported profiles; there is one at a time. It is taken before any mutex.
  class ChangeLock {
   public:
    explicit ChangeLock(const ProfileRegistry& registry) : lock_(&registry.change_mutex_) {}

   private:
    const absl::MutexLock lock_;
  };
  // While somebody has it, none is taken out: to be had by who begins to use one by its name. It is taken before any
  // mutex, too.
  class UseLock {
   public:
    explicit UseLock(const ProfileRegistry& registry) : lock_(&registry.change_mutex_) {}

   private:
    const absl::ReaderMutexLock lock_;
  };

  struct Page {
    // Without registers.
    std::vector<v1::CpuProfile> profiles;
    // There are profiles after the last of these.
    bool more = false;
  };

  // The profiles built into the program (//profiles), as protoc encoded them from text. Errors: of Create.
  static absl::StatusOr<std::unique_ptr<ProfileRegistry>> BuiltIn();

  // With these as the built-in ones: an armstate.v1.CpuProfileSet, which must outlive this. Errors: of
  // BuiltInProfiles::Create.
  static absl::StatusOr<std::unique_ptr<ProfileRegistry>> Create(absl::string_view built_in);

  // `name` is "cpuProfiles/{profile}". INVALID_ARGUMENT if it is not of this form; NOT_FOUND, reason
  // CPU_PROFILE_NOT_FOUND; DATA_LOSS, reason RECORD_DAMAGED, if the stored profile is damaged; INTERNAL for a built-in
  // one that is not what a profile must be.
  absl::StatusOr<Entry> Find(absl::string_view name) const;

  // A profile that says the same as this one, whatever its name; null if there is none.
  Entry FindContent(const RegisteredProfile& profile) const;

  // By name, damaged ones too: at most `limit` of those after the profile with the ID `after` ("" is before all), and
  // fewer if they are large (kMaxPageBytes).
  absl::StatusOr<Page> List(absl::string_view after, int limit) const;

  // Calls `visit` with every rule of every profile of the scheme, in no order; a rule that several share perhaps once.
  absl::Status VisitRules(IdScheme scheme, absl::FunctionRef<void(const v1::RegisterRule&)> visit) const;

  // The names of built-in profiles, and of targets whose profile is one of these.
  const BuiltInProfiles& built_in() const { return built_in_; }

  // All that are not built in, by ID.
  std::map<std::string, Entry, std::less<>> Imported() const;

  // Adds imported profiles, or replaces those with the same name, and takes out others, by ID. A built-in one is never
  // replaced: it may be new in this program, and the import older.
  void Change(const ChangeLock& lock, const std::vector<Entry>& added, const std::vector<std::string>& removed);

 private:
  // Of built-in profiles that nobody uses.
  static constexpr size_t kKept = 8;

  explicit ProfileRegistry(BuiltInProfiles built_in) : built_in_(std::move(built_in)), in_use_(built_in_.size()) {}
  absl::StatusOr<Entry> MakeReady(size_t built_in) const;

  const BuiltInProfiles built_in_;
  mutable absl::Mutex change_mutex_;
  mutable absl::Mutex mutex_;
  mutable std::vector<std::weak_ptr<const RegisteredProfile>> in_use_ ABSL_GUARDED_BY(mutex_);  // by index
  mutable std::list<Entry> kept_ ABSL_GUARDED_BY(mutex_);  // the last one asked for first
  // Not the built-in ones.
  std::map<std::string, Entry, std::less<>> profiles_ ABSL_GUARDED_BY(mutex_);   // by ID
  std::map<std::string, Entry, std::less<>> by_digest_ ABSL_GUARDED_BY(mutex_);  // damaged ones have none
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROFILES_REGISTRY_H_
