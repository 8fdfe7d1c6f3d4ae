// MachineRegistry stores the machines of the engine on disk.
#ifndef ARMSTATE_SERVER_MACHINES_REGISTRY_H_
#define ARMSTATE_SERVER_MACHINES_REGISTRY_H_

#include <array>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "server/machines/machine.h"
#include "server/profiles/registry.h"
#include "storage/record_store.h"

namespace armstate {

struct MachineInfoPage {
  std::vector<v1::Machine> machines;
  // True if more machines follow the last of these.
  bool more = false;
};

// Keeps nothing in memory: each operation reads the machine and, if it changes it, writes it back before it returns.
// Thread-safe; operations on the same machine are serialized.
class MachineRegistry {
 public:
  // Both arguments must outlive the object.
  MachineRegistry(RecordStore& store, const ProfileRegistry& profiles) : store_(store), profiles_(profiles) {}

  // ALREADY_EXISTS, reason MACHINE_EXISTS; NOT_FOUND, reason CPU_PROFILE_NOT_FOUND, if its profile was removed in the
  // meantime.
  absl::Status Create(absl::string_view id, const Machine& machine);

  // Here and below, `name` is "machines/{machine}". NOT_FOUND, reason MACHINE_NOT_FOUND.
  absl::StatusOr<Machine> Get(absl::string_view name);
  absl::Status Delete(absl::string_view name);

  // Reads the machine, applies `change`, and stores the machine if `change` returns OK. Errors: those of Get, of
  // `change` and of the store.
  absl::Status Update(absl::string_view name, const std::function<absl::Status(Machine&)>& change);

  // Lists by name at most `limit` of the machines after the machine `after` whose names are `wanted`. A machine that
  // cannot be read has only its name and `error`.
  absl::StatusOr<MachineInfoPage> List(std::string after, int limit,
                                       const std::function<bool(const std::string& name)>& wanted);

  // Returns the names of the CPU profiles of all machines. Damaged machines are skipped, since they can no longer be
  // used. Errors: those of the store.
  absl::StatusOr<std::set<std::string>> UsedProfiles();

 private:
  absl::Mutex& LockOf(absl::string_view id);

  RecordStore& store_;
  const ProfileRegistry& profiles_;
  std::array<absl::Mutex, 64> locks_;  // indexed by the hash of the machine ID
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_MACHINES_REGISTRY_H_
