// Checkpoints in RocksDB; see storage/rocksdb_storage.h.
#ifndef ARMSTATE_STORAGE_ROCKSDB_CHECKPOINT_STORE_H_
#define ARMSTATE_STORAGE_ROCKSDB_CHECKPOINT_STORE_H_

#include <array>
#include <cstddef>
#include <string>

#include "absl/hash/hash.h"
#include "absl/synchronization/mutex.h"
#include "storage/checkpoint_store.h"
#include "storage/rocksdb_database.h"

namespace armstate {

// Thread-safe. Reads take no lock. A change of a VM reads what there is, then writes one batch, under one of a fixed
// number of mutexes that the VM's name selects; RocksDB syncs the batches of several VMs to disk together.
class RocksDbCheckpointStore final : public CheckpointStore {
 public:
  // The database must outlive it.
  explicit RocksDbCheckpointStore(RocksDbDatabase& database) : database_(database) {}

  absl::StatusOr<CommitResult> Commit(const CommitRequest& request) override;
  absl::StatusOr<std::string> Get(absl::string_view vm, int64_t version) override;
  absl::StatusOr<StoredRecord> GetLatest(absl::string_view vm) override;
  absl::StatusOr<VmInfo> Last(absl::string_view vm) override;
  absl::StatusOr<RecordPage> List(absl::string_view vm, int64_t after, size_t limit) override;
  absl::StatusOr<VmPage> ListVms(absl::string_view cursor, size_t limit) override;
  absl::Status Delete(absl::string_view vm, int64_t version, absl::Time now) override;
  absl::StatusOr<int64_t> Trim(absl::string_view vm, int64_t up_to, absl::Time now) override;
  absl::Status DeleteVm(absl::string_view vm) override;
  absl::Status PutLayout(absl::string_view hash, absl::string_view bytes) override;
  absl::StatusOr<std::string> GetLayout(absl::string_view hash) override;

 private:
  // A checkpoint with what the store keeps beside its record.
  struct Checkpoint {
    std::string request_id;
    std::string record;
  };
  // The next checkpoint of a walk.
  struct Step {
    int64_t version = 0;
    absl::StatusOr<Checkpoint> checkpoint;
  };

  absl::Mutex& MutexOf(absl::string_view vm) { return mutexes_[absl::Hash<absl::string_view>{}(vm) % mutexes_.size()]; }

  absl::StatusOr<absl::optional<VmInfo>> FindVm(absl::string_view vm) const;
  absl::StatusOr<absl::optional<Checkpoint>> FindCheckpoint(absl::string_view vm, int64_t version) const;
  // The version that a request made, if it is kept.
  absl::StatusOr<absl::optional<Committed>> FindRequest(const VmInfo& info, absl::string_view request_id) const;
  // The checkpoint with the lowest version from `from` to `last`, if there is one. `iterator` is over the VM's
  // checkpoints.
  absl::StatusOr<absl::optional<Step>> NextCheckpoint(rocksdb::Iterator& iterator, absl::string_view vm, int64_t from,
                                                      int64_t last) const;
  // The highest version below `version` that is kept; 0 if none is.
  absl::StatusOr<int64_t> KeptBelow(absl::string_view vm, int64_t version) const;

  void PutVm(rocksdb::WriteBatch& batch, const VmInfo& info) const;
  void RemoveCheckpoint(rocksdb::WriteBatch& batch, absl::string_view vm, int64_t version,
                        const absl::StatusOr<Checkpoint>& checkpoint) const;

  RocksDbDatabase& database_;
  std::array<absl::Mutex, 256> mutexes_;
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ROCKSDB_CHECKPOINT_STORE_H_
