// The machines of the engine, on disk.
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
  // There are machines after the last of these.
  bool more = false;
};

// Keeps nothing in memory: each operation reads the machine and, where it changes it, writes it back before it answers.
// Thread-safe; operations on one machine follow one another.
class MachineRegistry {
 public:
  // Both must outlive it.
  MachineRegistry(RecordStore& store, const ProfileRegistry& profiles) : store_(store), profiles_(profiles) {}

  // ALREADY_EXISTS, reason MACHINE_EXISTS; NOT_FOUND, reason CPU_PROFILE_NOT_FOUND, if its profile has just been
  // removed.
  absl::Status Create(absl::string_view id, const Machine& machine);

  // Names are "machines/{machine}" from here on. NOT_FOUND, reason MACHINE_NOT_FOUND.
  absl::StatusOr<Machine> Get(absl::string_view name);
  absl::Status Delete(absl::string_view name);

  // Reads the machine, lets `change` work on it, and stores it if that answers OK. Errors: of Get, of `change`, of the
  // store.
  absl::Status Update(absl::string_view name, const std::function<absl::Status(Machine&)>& change);

  // By name, at most `limit` of those after the machine `after`. One that cannot be read is there with its name and
  // `damage`.
  absl::StatusOr<MachineInfoPage> List(absl::string_view after, int limit);

  // Names of the CPU profiles of all machines. A damaged machine is left out: nobody can use it any more. Errors: those
  // of the store.
  absl::StatusOr<std::set<std::string>> UsedProfiles();

 private:
  absl::Mutex& LockOf(absl::string_view id);

  RecordStore& store_;
  const ProfileRegistry& profiles_;
  std::array<absl::Mutex, 64> locks_;  // of the machine IDs, by hash
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_MACHINES_REGISTRY_H_
