// The CPU profiles that this server knows: those built into the program, and imported ones.
#ifndef ARMSTATE_SERVER_PROFILE_REGISTRY_H_
#define ARMSTATE_SERVER_PROFILE_REGISTRY_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "armstate/v1/cpu_profile.pb.h"
#include "server/registered_profile.h"

namespace armstate {

// Holds all profiles in memory, ready for use; HostRegistry keeps the imported ones on disk. Thread-safe.
class ProfileRegistry {
 public:
  using Entry = std::shared_ptr<const RegisteredProfile>;

  struct Page {
    std::vector<Entry> profiles;
    // There are profiles after the last of these.
    bool more = false;
  };

  // The profiles built into the program (//profiles), as protoc encoded them from text.
  static absl::StatusOr<std::unique_ptr<ProfileRegistry>> BuiltIn();

  // With these as the built-in ones. INVALID_ARGUMENT, reason CPU_PROFILE_MALFORMED, naming profile and register.
  static absl::StatusOr<std::unique_ptr<ProfileRegistry>> Create(v1::CpuProfileSet built_in);

  // `name` is "cpuProfiles/{profile}". INVALID_ARGUMENT if it is not of this form; NOT_FOUND, reason
  // CPU_PROFILE_NOT_FOUND; DATA_LOSS, reason RECORD_DAMAGED, if the stored profile is damaged.
  absl::StatusOr<Entry> Find(absl::string_view name) const;

  // The profile with this digest; null if there is none.
  Entry FindContent(absl::string_view digest) const;

  // By name, damaged ones too: at most `limit` of those after the profile with the ID `after` ("" is before all).
  Page List(absl::string_view after, int limit) const;

  // All that are not built in, by ID.
  std::map<std::string, Entry, std::less<>> Imported() const;

  // Adds imported profiles, or replaces those with the same name, and takes out others, by ID. A built-in one is never
  // replaced: it may be new in this program, and the import older.
  void Change(const std::vector<Entry>& added, const std::vector<std::string>& removed);

  // Imported profiles are taken out only by who holds this, and nobody starts to use one by its name without holding it
  // as a reader. To be locked before any other mutex.
  absl::Mutex& removal_mutex() const ABSL_LOCK_RETURNED(removal_mutex_) { return removal_mutex_; }

 private:
  ProfileRegistry() = default;

  mutable absl::Mutex removal_mutex_;
  mutable absl::Mutex mutex_;
  std::map<std::string, Entry, std::less<>> profiles_ ABSL_GUARDED_BY(mutex_);   // by ID
  std::map<std::string, Entry, std::less<>> by_digest_ ABSL_GUARDED_BY(mutex_);  // damaged ones have none
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROFILE_REGISTRY_H_
