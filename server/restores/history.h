// What became of restores: kept with their checkpoints.
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

struct RestoreRecordPage {
  std::vector<v1::RestoreRecord> restores;
  // There are restores after the last of these.
  bool more = false;
};

// Records are named "{vm}/{incarnation}/{version}/{number}", the incarnation so that those of a deleted VM are never
// seen with a new one of its name. "{vm}/{incarnation}/{version}/" itself holds the last number that was given.
//
// Thread-safe. Both must outlive it. Errors of every method, besides its own: those of RecordStore, and NOT_FOUND,
// reason VM_NOT_FOUND.
class RestoreHistory {
 public:
  RestoreHistory(RecordStore& store, CheckpointRepository& checkpoints) : store_(store), checkpoints_(checkpoints) {}

  // Keeps `record` with a checkpoint, which must exist, as its next restore; gives it with its name.
  absl::StatusOr<v1::RestoreRecord> Add(absl::string_view vm, int64_t version, v1::RestoreRecord record);

  // In the order of their numbers, at most `limit` of those after the number `after`; less if they are large.
  absl::StatusOr<RestoreRecordPage> List(absl::string_view vm, int64_t version, int64_t after, int limit);

  // Takes out what is kept with a checkpoint that was deleted, or with any of an incarnation of a VM.
  absl::Status DeleteOf(absl::string_view vm, int64_t version);
  absl::Status DeleteOfVm(absl::string_view vm, uint64_t incarnation);

  // Takes out what is kept with checkpoints of a VM that are gone; of any VM if `vm` is empty. Retention deletes
  // checkpoints without telling, and a crash may come between a deletion and DeleteOf; until then nobody sees what is
  // left over. Takes a read or two for each checkpoint that has restores. CANCELLED if `cancelled` is true, which is
  // asked for each of them.
  absl::Status Prune(absl::string_view vm, const std::function<bool()>& cancelled);

 private:
  absl::StatusOr<std::string> PrefixOf(absl::string_view vm, int64_t version) const;
  // Of a VM whose record, which has it, is damaged: the one that records name; any one if there are none. Else
  // `damage`.
  absl::StatusOr<std::string> OnlyIncarnation(absl::string_view vm, const absl::Status& damage) const;
  // The highest number of a checkpoint's restores; 0 if it has none.
  absl::StatusOr<int64_t> LastNumber(const std::string& prefix) const;
  // OK if it is kept, or nobody can tell because it is damaged.
  absl::Status CheckKept(absl::string_view vm, absl::string_view incarnation, int64_t version) const;

  RecordStore& store_;
  CheckpointRepository& checkpoints_;
  absl::Mutex mutex_;  // numbers are given one after another
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RESTORES_HISTORY_H_
