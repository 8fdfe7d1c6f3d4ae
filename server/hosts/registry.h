// HostRegistry holds the hosts, and the CPU profiles that were registered with them or imported: on disk, and in memory
// ready for use.
#ifndef ARMSTATE_SERVER_HOSTS_REGISTRY_H_
#define ARMSTATE_SERVER_HOSTS_REGISTRY_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "server/hosts/host_draft.h"
#include "server/hosts/registered_host.h"
#include "server/machines/registry.h"
#include "server/profiles/registry.h"
#include "storage/record_store.h"

namespace armstate {

// A change is atomic and is on disk when the method returns. Reads do not access the disk.
//
// Profiles are stored once by content: a profile whose content is already stored, under any name, is reused. A profile
// that was registered with a host is deleted in the same write as the last host that refers to it; while a machine of
// the engine uses it, it stays until the next deletion or change of a host. A profile that was imported on its own
// stays.
//
// Thread-safe; changes are serialized.
class HostRegistry {
 public:
  using Entry = std::shared_ptr<const RegisteredHost>;

  struct Page {
    std::vector<Entry> hosts;
    // True if more hosts follow the last of these.
    bool more = false;
  };

  // Reads all hosts, and adds their profiles and the imported ones to `profiles`. Damaged records do not hide others.
  // All arguments must outlive the registry. Errors: those of RecordStore::List.
  static absl::StatusOr<std::unique_ptr<HostRegistry>> Open(RecordStore& store, ProfileRegistry& profiles,
                                                            MachineRegistry& machines);

  // "hosts/{host}". NOT_FOUND, reason HOST_NOT_FOUND; DATA_LOSS, reason RECORD_DAMAGED, if the stored host or one of
  // its profiles is damaged.
  absl::StatusOr<Entry> Find(absl::string_view name) const;

  // Returns all hosts by name. Damaged hosts have message.error set.
  std::vector<Entry> Snapshot() const;

  // Returns by name at most `limit` hosts that match `wanted`, after the host with the ID `after`. Damaged hosts have
  // message.error set.
  Page List(absl::string_view after, int limit, const std::function<bool(const v1::Host&)>& wanted) const;

  // Registers a host that was made from a probe or from known profiles: host.message with its name, and the new
  // profiles that it needs. ALREADY_EXISTS, reason HOST_EXISTS, or CPU_PROFILE_EXISTS if a profile's name is taken by
  // other content; NOT_FOUND, reason CPU_PROFILE_NOT_FOUND.
  absl::StatusOr<Entry> Create(HostDraft host);

  // `change` gets the stored host and returns its replacement. Errors: those of Find, of `change` and of Create.
  absl::StatusOr<Entry> Update(absl::string_view name,
                               const std::function<absl::StatusOr<HostDraft>(const v1::Host&)>& change);

  // Errors: those of Find, except that a damaged host can be deleted.
  absl::Status Delete(absl::string_view name);

  // Returns the profiles as registered. ALREADY_EXISTS, reason CPU_PROFILE_EXISTS.
  absl::StatusOr<std::vector<ProfileRegistry::Entry>> Import(std::vector<v1::CpuProfile> profiles);

 private:
  HostRegistry(RecordStore& store, ProfileRegistry& profiles, MachineRegistry& machines)
      : store_(store), profiles_(profiles), machines_(machines) {}

  // Returns the host with its profiles, or with `error` set if one of them cannot be used.
  Entry BindProfiles(v1::Host host) const;
  // Updates the hosts that refer to one of these profiles, which were added or replaced.
  void RebindHosts(const std::vector<ProfileRegistry::Entry>& added);

  // Returns the known profile with this content, or a new one that is not in the registry yet.
  absl::StatusOr<ProfileRegistry::Entry> Resolve(v1::CpuProfile profile, ProfileOrigin origin) const;
  // Creates or replaces the host.
  absl::StatusOr<Entry> CommitHost(HostDraft probed, const ProfileRegistry::ChangeLock& changes);
  // Returns the IDs of the profiles that no host refers to once the host `id` is deleted, or replaced by `instead`.
  std::vector<std::string> UnreferencedProfiles(absl::string_view id, const v1::Host* instead) const;

  RecordStore& store_;
  ProfileRegistry& profiles_;
  MachineRegistry& machines_;
  mutable absl::Mutex mutex_;
  std::map<std::string, Entry, std::less<>> hosts_ ABSL_GUARDED_BY(mutex_);  // by ID
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_HOSTS_REGISTRY_H_
