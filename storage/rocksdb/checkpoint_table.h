// `CheckpointTable` reads VMs and checkpoints from RocksDB, for reads and for the preparation of changes.
#ifndef ARMSTATE_STORAGE_ROCKSDB_CHECKPOINT_TABLE_H_
#define ARMSTATE_STORAGE_ROCKSDB_CHECKPOINT_TABLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "storage/checkpoint_store.h"
#include "storage/rocksdb/commit_batch.h"
#include "storage/rocksdb/database.h"
#include "storage/rocksdb/values.h"

namespace armstate {

// Each function reads what is in the database or, if there is a batch, what will be when that is written.
//
// Thread-safe.
class CheckpointTable {
 public:
  // The next checkpoint of a walk.
  struct Step {
    int64_t version = 0;
    absl::StatusOr<KeptCheckpoint> checkpoint;
  };

  struct ProtectedFound {
    // The number of versions that are known to be protected.
    int64_t count = 0;
    // The first version that is protected, or damaged and therefore possibly protected; 0 if there is no such version.
    int64_t first = 0;
  };

  // The database must outlive it.
  explicit CheckpointTable(const RocksDbDatabase& database) : database_(database) {}

  absl::StatusOr<absl::optional<VmInfo>> FindVm(absl::string_view vm, CommitBatch* batch = nullptr) const;
  absl::StatusOr<absl::optional<KeptCheckpoint>> FindCheckpoint(absl::string_view vm, int64_t version,
                                                                CommitBatch* batch = nullptr) const;
  // Is this version kept, damaged or not?
  absl::StatusOr<bool> IsKept(absl::string_view vm, int64_t version, CommitBatch* batch) const;
  // The version that a request made, if it is kept. `request_hash`: RequestHash(request_id).
  absl::StatusOr<absl::optional<Committed>> FindRequest(const VmInfo& info, absl::string_view request_id,
                                                        absl::string_view request_hash, CommitBatch& batch) const;
  // The checkpoint with the lowest version from `from` to `last`, if there is one. `iterator` is over the VM's
  // checkpoints, in the database.
  absl::StatusOr<absl::optional<Step>> NextCheckpoint(rocksdb::Iterator& iterator, absl::string_view vm, int64_t from,
                                                      int64_t last) const;
  // The protected versions up to `last`, in the database. Reads all.
  absl::StatusOr<ProtectedFound> FindProtected(absl::string_view vm, int64_t last) const;
  // The highest version below `version` that is kept; 0 if there is no such version.
  absl::StatusOr<int64_t> KeptBelow(absl::string_view vm, int64_t version, CommitBatch* batch) const;
  // The highest version that is kept, by the keys alone: for a VM that is damaged itself. DATA_LOSS if they are, too.
  absl::StatusOr<int64_t> LastKept(absl::string_view vm) const;
  // The VMs that have checkpoints and whose keys are from `begin` (inclusive) to `end` (exclusive, "" for all),
  // ascending; at most `limit`.
  absl::StatusOr<std::vector<ListedVm>> FindVmsByCheckpoints(absl::string_view begin, absl::string_view end,
                                                             size_t limit) const;
  // Does a kept version other than `except` need this base? A damaged one counts.
  absl::StatusOr<bool> IsBaseNeeded(const VmInfo& info, int64_t base, int64_t except, CommitBatch* batch) const;

 private:
  absl::StatusOr<absl::optional<std::string>> Read(CommitBatch* batch, ColumnFamily family, absl::string_view key,
                                                   absl::string_view name) const;

  const RocksDbDatabase& database_;
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ROCKSDB_CHECKPOINT_TABLE_H_
