// `RocksDbCheckpointStore` implements `CheckpointStore` on RocksDB; see storage/rocksdb/storage.h.
#ifndef ARMSTATE_STORAGE_ROCKSDB_CHECKPOINT_STORE_H_
#define ARMSTATE_STORAGE_ROCKSDB_CHECKPOINT_STORE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "storage/checkpoint_store.h"
#include "storage/rocksdb/checkpoint_changes.h"
#include "storage/rocksdb/checkpoint_table.h"
#include "storage/rocksdb/commit_queue.h"
#include "storage/rocksdb/database.h"
#include "storage/rocksdb/event_log.h"
#include "storage/rocksdb/record_cache.h"
#include "storage/rocksdb/vm_info_cache.h"
#include "storage/storage_options.h"

namespace armstate {

// Thread-safe, but for Stop. Every change goes through the commit queue, which prepares one after
// the other: it reads what there is, with the batch that it goes into, and adds to that batch.
class RocksDbCheckpointStore final : public CheckpointStore {
 public:
  // The database must outlive it.
  RocksDbCheckpointStore(RocksDbDatabase& database, const StorageOptions& options);

  // Before all other calls. DATA_LOSS, reason RECORD_DAMAGED, if it is not known which events there are.
  absl::Status Start();

  void CommitAsync(CommitRequest request, CommitCallback done) override;
  absl::StatusOr<StoredRecord> Get(absl::string_view vm, int64_t version) override;
  absl::StatusOr<StoredRecord> GetLatest(absl::string_view vm) override;
  absl::StatusOr<std::string> GetBase(absl::string_view vm, int64_t version) override;
  absl::StatusOr<VmInfo> GetVm(absl::string_view vm) override;
  absl::StatusOr<RecordPage> List(absl::string_view vm, int64_t after, size_t limit) override;
  absl::StatusOr<VmPage> ListVms(absl::string_view cursor, size_t limit) override;
  absl::Status Delete(absl::string_view vm, int64_t version, absl::Time now) override;
  absl::Status DeleteVm(absl::string_view vm, ProtectedVersions protected_versions, absl::Time now) override;
  absl::StatusOr<VmInfo> SetRetention(absl::string_view vm, const Retention& retention, absl::Time now) override;
  absl::Status SetProtected(absl::string_view vm, int64_t version, bool is_protected) override;
  absl::StatusOr<RetentionSweep> ApplyRetention(absl::string_view vm, absl::Time now) override;
  absl::StatusOr<EventPage> ReadEvents(uint64_t after, size_t limit) override { return events_.Read(after, limit); }
  EventRange events() override { return events_.range(); }
  std::unique_ptr<EventSubscription> SubscribeToEvents(EventListener listener) override {
    return events_.Subscribe(std::move(listener));
  }
  absl::StatusOr<std::string> GetLayout(absl::string_view hash) override;

  CommitStatistics statistics() const { return queue_.statistics(); }
  // Ends what was begun; changes are refused then.
  void Stop() { queue_.Stop(); }

 private:
  // See CommitQueue::Operation.
  enum class ChangeKind { kUpdate, kDeletion, kLoneDeletion };
  // Runs in the queue and waits until it is on disk. A deletion may be prepared more than once.
  absl::Status Change(ChangeKind kind, const std::function<absl::Status(CommitBatch&)>& prepare);

  absl::StatusOr<CommitResult> PrepareCommit(CommitBatch& batch, const CommitRequest& request,
                                             const std::string& request_hash);
  absl::Status PrepareDelete(CommitBatch& batch, absl::string_view vm, int64_t version, absl::Time now);
  absl::Status PrepareDeleteVm(CommitBatch& batch, absl::string_view vm, ProtectedVersions protected_versions,
                               absl::Time now);
  // At least the highest version that is kept.
  absl::StatusOr<int64_t> LastVersion(absl::string_view vm);
  // After an operation has put all else into the batch.
  void Finish(CommitBatch& batch, const VmInfo& info, RocksDbCheckpointChanges& changes);

  RocksDbDatabase& database_;
  CheckpointTable table_;
  RocksDbEventLog events_;
  VmInfoCache vms_;
  RecordCache records_;
  CommitQueue queue_;
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ROCKSDB_CHECKPOINT_STORE_H_
