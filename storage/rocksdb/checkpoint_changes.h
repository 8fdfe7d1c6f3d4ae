// `RocksDbCheckpointChanges` adds changes of one VM to a batch of the commit queue.
#ifndef ARMSTATE_STORAGE_ROCKSDB_CHECKPOINT_CHANGES_H_
#define ARMSTATE_STORAGE_ROCKSDB_CHECKPOINT_CHANGES_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "storage/checkpoint_store.h"
#include "storage/rocksdb/checkpoint_table.h"
#include "storage/rocksdb/record_cache.h"

namespace armstate {

// Updates the VM's counts and collects its events. Both are the caller's to put into the batch
// (VmInfoCache::Put, RocksDbEventLog::Add).
class RocksDbCheckpointChanges {
 public:
  // All must outlive it.
  RocksDbCheckpointChanges(const RocksDbDatabase& database, const CheckpointTable& table, RecordCache& records,
                           CommitBatch& batch, VmInfo& info)
      : database_(database), table_(table), records_(records), batch_(batch), info_(info) {}

  // See EncodeCheckpointValue.
  void PutCheckpoint(const KeptCheckpoint& checkpoint, absl::string_view record);
  // Makes the next version; see CommitRequest. `request_hash`: RequestHash(request.request_id).
  absl::Status Append(const CommitRequest& request, const std::string& request_hash);

  // A version that is kept, damaged or not. Its base stays.
  void Remove(int64_t version, const absl::StatusOr<KeptCheckpoint>& checkpoint, absl::Time now);
  // Removes a base, unless a kept version needs it. `above`: a version that does not (any more), where the search
  // begins.
  absl::Status RemoveUnneededBase(int64_t base_version, int64_t above);

  // Removes what retention does not keep, after a look at so many versions at most.
  absl::StatusOr<RetentionSweep> Sweep(absl::Time now, int max_versions);

  // The events of all that was appended and removed.
  std::vector<CheckpointEvent> TakeEvents() { return std::move(events_); }

 private:
  void AddEvent(CheckpointEventKind kind, int64_t version, absl::Time now);

  const RocksDbDatabase& database_;
  const CheckpointTable& table_;
  RecordCache& records_;
  CommitBatch& batch_;
  VmInfo& info_;
  std::vector<CheckpointEvent> events_;
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ROCKSDB_CHECKPOINT_CHANGES_H_
