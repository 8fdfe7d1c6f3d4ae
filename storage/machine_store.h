// Where the engine's machines are kept: a name, and bytes that belong to the caller.
#ifndef ARMSTATE_STORAGE_MACHINE_STORE_H_
#define ARMSTATE_STORAGE_MACHINE_STORE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace armstate {

// One machine of a list. A damaged one does not hide the others, unless the engine itself cannot read on: then List
// fails.
struct ListedMachine {
  std::string name;
  // DATA_LOSS, reason RECORD_DAMAGED, if it is damaged.
  absl::StatusOr<std::string> bytes;
};

struct MachinePage {
  std::vector<ListedMachine> machines;
  // There are machines after the last of these.
  bool more = false;
};

// Thread-safe. Names are the part after "machines/"; any bytes but none at all. Errors of every method, besides its
// own: those of CheckpointStore.
class MachineStore {
 public:
  // A page of List holds at most this many bytes of machines, but always one machine.
  static constexpr size_t kMaxPageBytes = size_t{32} << 20;

  virtual ~MachineStore() = default;

  // Makes a machine or replaces it. Durable when it answers.
  virtual absl::Status Put(absl::string_view name, absl::string_view bytes) = 0;
  // NOT_FOUND, reason MACHINE_NOT_FOUND.
  virtual absl::StatusOr<std::string> Get(absl::string_view name) = 0;
  // The machines whose names sort after `after`, in order of their names' bytes; at most `limit` of them (at least 1),
  // and less if they are large. "" is before all names.
  virtual absl::StatusOr<MachinePage> List(absl::string_view after, size_t limit) = 0;
  // Durable when it answers. NOT_FOUND, reason MACHINE_NOT_FOUND.
  virtual absl::Status Delete(absl::string_view name) = 0;
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_MACHINE_STORE_H_
