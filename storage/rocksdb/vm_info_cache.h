// `VmInfoCache` caches the VMs that the commit queue's thread reads and changes.
#ifndef ARMSTATE_STORAGE_ROCKSDB_VM_INFO_CACHE_H_
#define ARMSTATE_STORAGE_ROCKSDB_VM_INFO_CACHE_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "storage/cache/clock_cache.h"
#include "storage/checkpoint_store.h"
#include "storage/rocksdb/checkpoint_table.h"
#include "storage/rocksdb/commit_batch.h"
#include "storage/rocksdb/database.h"

namespace armstate {

// All changes of VMs go through it, so VMs that changed recently need not be read for each commit.
//
// The entries are in the database or in the batch that is being prepared. If that cannot be written, the queue
// reopens the database before it prepares another batch: then the cache is cleared. An operation that fails is rolled
// back in its batch, but not here: Put and Delete are the last thing it does.
//
// Not thread-safe: for the queue's thread.
class VmInfoCache {
 public:
  // Both must outlive it.
  VmInfoCache(const RocksDbDatabase& database, const CheckpointTable& table)
      : database_(database), table_(table), vms_(kMaxBytes) {}

  // Errors as CheckpointTable::FindVm.
  absl::StatusOr<absl::optional<VmInfo>> Find(absl::string_view vm, CommitBatch& batch);
  void Put(const VmInfo& info, CommitBatch& batch);
  void Delete(absl::string_view vm, CommitBatch& batch);

 private:
  // Some ten thousand VMs.
  static constexpr size_t kMaxBytes = size_t{16} << 20;

  const RocksDbDatabase& database_;
  const CheckpointTable& table_;
  // The RocksDbDatabase::times_opened() that the entries belong to.
  uint64_t opened_ = 0;
  ClockCache<VmInfo> vms_;
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ROCKSDB_VM_INFO_CACHE_H_
