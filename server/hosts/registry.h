// The hosts, and the CPU profiles that came with them or were imported: on disk, and in memory ready for use.
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
#include "server/hosts/probed_host.h"
#include "server/hosts/registered_host.h"
#include "server/machines/registry.h"
#include "server/profiles/registry.h"
#include "storage/record_store.h"

namespace armstate {

// Each change is on disk, all of it or nothing, when it answers. Reading needs no disk.
//
// Profiles are stored once by content: one that is there already, under whatever name, is used again. A profile that
// came with a host goes in the same write as the last host that has it; while a machine of the engine has it, it stays,
// and goes with the next host that is deleted or changed afterwards. A profile that was imported on its own stays.
//
// Thread-safe; changes follow one another.
class HostRegistry {
 public:
  using Entry = std::shared_ptr<const RegisteredHost>;

  struct Page {
    std::vector<Entry> hosts;
    // There are hosts after the last of these.
    bool more = false;
  };

  // Reads all hosts and adds their profiles and the imported ones to `profiles`. Damaged ones hide no others. All three
  // must outlive the registry. Errors: those of RecordStore::List.
  static absl::StatusOr<std::unique_ptr<HostRegistry>> Open(RecordStore& store, ProfileRegistry& profiles,
                                                            MachineRegistry& machines);

  // "hosts/{host}". NOT_FOUND, reason HOST_NOT_FOUND; DATA_LOSS, reason RECORD_DAMAGED, if the stored host or one of
  // its profiles is damaged.
  absl::StatusOr<Entry> Find(absl::string_view name) const;

  // All hosts by name. Damaged ones have message.damage set.
  std::vector<Entry> Snapshot() const;

  // By name: at most `limit` of those that `wanted` takes, after the host with the ID `after`. Damaged ones have
  // message.damage set.
  Page List(absl::string_view after, int limit, const std::function<bool(const v1::Host&)>& wanted) const;

  // A host as made from a probe or of known profiles: host.message with its name, and the new profiles it needs.
  // ALREADY_EXISTS, reason HOST_EXISTS or (a profile's name stands for other content) CPU_PROFILE_EXISTS;
  // NOT_FOUND, reason CPU_PROFILE_NOT_FOUND.
  absl::StatusOr<Entry> Create(HostDraft host);

  // `change` gets the stored host and gives what takes its place. Errors: those of Find, of `change`, of Create.
  absl::StatusOr<Entry> Update(absl::string_view name,
                               const std::function<absl::StatusOr<HostDraft>(const v1::Host&)>& change);

  // Errors: as Find, but a damaged host can be deleted.
  absl::Status Delete(absl::string_view name);

  // Gives the profiles as they are known afterwards. ALREADY_EXISTS, reason CPU_PROFILE_EXISTS.
  absl::StatusOr<std::vector<ProfileRegistry::Entry>> Import(std::vector<v1::CpuProfile> profiles);

 private:
  HostRegistry(RecordStore& store, ProfileRegistry& profiles, MachineRegistry& machines)
      : store_(store), profiles_(profiles), machines_(machines) {}

  // With its profiles, or `damage` if one of them cannot be used.
  Entry BindProfiles(v1::Host host) const;
  // The hosts that have one of these profiles, which are new or in place of others.
  void RebindHosts(const std::vector<ProfileRegistry::Entry>& added);

  // The known profile with this content, or a new one that is not in the registry yet.
  absl::StatusOr<ProfileRegistry::Entry> Resolve(v1::CpuProfile profile, ProfileOrigin origin) const;
  // Makes the host or replaces it.
  absl::StatusOr<Entry> CommitHost(HostDraft probed, const ProfileRegistry::ChangeLock& changes);
  // IDs of the profiles that nobody has once the host `id` is deleted, or replaced by `instead`.
  std::vector<std::string> UnreferencedProfiles(absl::string_view id, const v1::Host* instead) const;

  RecordStore& store_;
  ProfileRegistry& profiles_;
  MachineRegistry& machines_;
  mutable absl::Mutex mutex_;
  std::map<std::string, Entry, std::less<>> hosts_ ABSL_GUARDED_BY(mutex_);  // by ID
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_HOSTS_REGISTRY_H_
