// RestoreHistory stores restores that took place with their checkpoints.
#ifndef ARMSTATE_SERVER_RESTORES_HISTORY_H_
#define ARMSTATE_SERVER_RESTORES_HISTORY_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "armstate/v1/restore_service.pb.h"
#include "storage/record_store.h"
#include "storage/repository/checkpoint_repository.h"

namespace armstate {

struct RestorePage {
  std::vector<v1::Restore> restores;
  // True if more restores follow the last of these.
  bool more = false;
};

// The records are named "{vm}/{incarnation}/{version}/{number}". The incarnation keeps records of a deleted VM from
// showing up under a new VM of the same name. The record "{vm}/{incarnation}/{version}/" itself holds the last number
// that was assigned.
//
// Thread-safe. Both arguments must outlive the object. Every method can also return the errors of RecordStore, and
// NOT_FOUND, reason VM_NOT_FOUND.
class RestoreHistory {
 public:
  RestoreHistory(RecordStore& store, CheckpointRepository& checkpoints) : store_(store), checkpoints_(checkpoints) {}

  // Stores `restore` as the next one of a checkpoint, which must exist. Returns it with its name.
  absl::StatusOr<v1::Restore> Add(absl::string_view vm, int64_t version, v1::Restore restore);

  // Lists, in order of their numbers, at most `limit` restores after the number `after`; fewer if they are large.
  absl::StatusOr<RestorePage> List(absl::string_view vm, int64_t version, int64_t after, int limit);

  // DeleteOf deletes the restores of a checkpoint that was deleted, DeleteOfVm those of all checkpoints of one
  // incarnation of a VM.
  absl::Status DeleteOf(absl::string_view vm, int64_t version);
  absl::Status DeleteOfVm(absl::string_view vm, uint64_t incarnation);

  // Deletes the restores of checkpoints of a VM that no longer exist; of all VMs if `vm` is empty. It is needed because
  // retention deletes checkpoints without calling DeleteOf, and because a crash may come between a deletion and
  // DeleteOf; such leftovers are never visible. Costs one or two reads for each checkpoint that has restores.
  // `cancelled` is polled for each of them; CANCELLED if it returns true.
  absl::Status Prune(absl::string_view vm, const std::function<bool()>& cancelled);

 private:
  absl::StatusOr<std::string> PrefixOf(absl::string_view vm, int64_t version) const;
  // Finds the incarnation of a VM whose own record, which holds it, is damaged: the only one that restore records name,
  // or any if there are no restore records. Otherwise returns `damage`.
  absl::StatusOr<std::string> OnlyIncarnation(absl::string_view vm, const absl::Status& damage) const;
  // The highest number of a checkpoint's restores; 0 if there are none.
  absl::StatusOr<int64_t> LastNumber(const std::string& prefix) const;
  // OK if the checkpoint exists, or if that cannot be determined because the VM is damaged.
  absl::Status CheckKept(absl::string_view vm, absl::string_view incarnation, int64_t version) const;

  RecordStore& store_;
  CheckpointRepository& checkpoints_;
  absl::Mutex mutex_;  // serializes the assignment of numbers
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RESTORES_HISTORY_H_
