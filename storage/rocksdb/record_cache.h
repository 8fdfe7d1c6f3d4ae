// `RecordCache` caches small records of checkpoints that were read recently.
#ifndef ARMSTATE_STORAGE_ROCKSDB_RECORD_CACHE_H_
#define ARMSTATE_STORAGE_ROCKSDB_RECORD_CACHE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/optional.h"
#include "storage/cache/clock_cache.h"
#include "storage/checkpoint_store.h"

namespace armstate {

// A lookup in a memtable takes about as long as all else that is read for a checkpoint, and RocksDB's own row cache
// does not support deletions of ranges.
//
// The queue's thread announces each record that it is about to change or remove, and reports when the batch is written.
// In between, and if a record changed while it was read, nothing is put, so that no reader sees an older state than
// another one before it. After a failed write that lasts until the database is reopened, since its log may hold the
// change although reads do not show it yet.
//
// Thread-safe; keys are those of CheckpointKey.
class RecordCache {
 public:
  explicit RecordCache(size_t max_bytes) : records_(max_bytes) {}

  struct Lookup {
    absl::optional<StoredRecord> record;
    // For Put.
    uint64_t changes = 0;
  };
  Lookup Find(absl::string_view key);
  // Caches what was read from the database after the Lookup with this number of changes.
  void Put(absl::string_view key, const StoredRecord& record, uint64_t changes);

  void BeginChange(absl::string_view key);
  // Of every record: a range of them is removed.
  void BeginChangeOfAll();
  // All that was begun is written.
  void EndChanges();
  // The database was reopened after a write that failed: what was begun may have taken effect or not.
  void Restart();

 private:
  // Larger ones have files of their own (blob files), and to decode them takes longer than to find them.
  static constexpr size_t kMaxRecordBytes = 4096;

  // Counts the changes of the keys with one hash.
  struct Changes {
    uint64_t begun = 0;
    bool is_running = false;
  };
  Changes& ChangesOf(absl::string_view key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Begin(Changes& changes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  ClockCache<StoredRecord> records_ ABSL_GUARDED_BY(mutex_);
  std::array<Changes, 1024> changes_ ABSL_GUARDED_BY(mutex_);
  std::vector<Changes*> running_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ROCKSDB_RECORD_CACHE_H_
