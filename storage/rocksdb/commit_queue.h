// `CommitQueue` serializes the changes of checkpoints in RocksDB: all waiting operations share one WriteBatch and one
// sync.
#ifndef ARMSTATE_STORAGE_ROCKSDB_COMMIT_QUEUE_H_
#define ARMSTATE_STORAGE_ROCKSDB_COMMIT_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/optional.h"
#include "storage/commit_statistics.h"
#include "storage/rocksdb/commit_batch.h"
#include "storage/rocksdb/database.h"
#include "storage/rocksdb/event_log.h"
#include "storage/rocksdb/record_cache.h"

namespace armstate {

// Operations are prepared in the order of Push, by one thread, so each sees the effect of all before it: in the
// database, or in the batch that it is put into. A second thread, the completer, calls
// `done`, so that this work and the next sync overlap.
//
// Thread-safe, but for Stop.
class CommitQueue {
 public:
  struct Operation {
    // Alone in its batch: other operations of the batch could not see its changes, or it theirs (it deletes a range, or
    // iterates over the database).
    bool alone = false;
    // Only removes. When there is no space for it, it is tried again, before what waits behind it: then `prepare` is
    // called again, and what it changed before may be in the database or not.
    bool deletes = false;
    // Its approximate size in memory.
    size_t bytes = 0;
    // Adds changes to the batch; may read through it. Called once, unless it deletes, or not at all if the database
    // takes no writes.
    std::function<void(CommitBatch&)> prepare;
    // Called once after that, with OK if the batch is on disk or nothing was to be written. Must not block.
    std::function<void(const absl::Status& written)> done;
  };

  // All must outlive it. `max_waiting_bytes`: see StorageOptions::waiting_write_bytes.
  CommitQueue(RocksDbDatabase& database, RocksDbEventLog& events, RecordCache& records, size_t max_waiting_bytes)
      : database_(database), events_(events), records_(records), max_waiting_bytes_(max_waiting_bytes) {}
  ~CommitQueue() { Stop(); }

  // Once, when the events are loaded. What is pushed before waits.
  void Start();

  // UNAVAILABLE, reason STORAGE_UNAVAILABLE, if too much waits for what does not delete, or the queue is stopped: then
  // nothing is called.
  absl::Status Push(Operation operation);

  // Completes what was pushed; nothing more is accepted then.
  void Stop();

  CommitStatistics statistics() const;

 private:
  struct Written {
    std::vector<Operation> operations;
    absl::Status status;
    uint64_t newest_event = 0;
  };

  std::vector<Operation> TakeBatch();
  void WriteLoop();
  // Prepares and writes them, if the database takes writes.
  absl::Status TryBatch(const std::vector<Operation>& operations);
  // While there is no space: answers all but the deletions, and tries those again. What became of them.
  absl::Status RetryDeletions(std::vector<Operation>& operations, absl::Status status);
  // Passes them to the completer.
  void Answer(std::vector<Operation> operations, const absl::Status& status);
  bool IsStopped() const;
  void CompletionLoop();
  // The writer's: no write has failed since the database was opened and the events were loaded.
  bool IsWritable() const { return !database_.needs_recovery() && events_.is_loaded(); }
  // Reopens the database if it is not writable.
  absl::Status EnsureWritable();
  absl::Status Write(CommitBatch& batch, size_t operations);

  RocksDbDatabase& database_;
  RocksDbEventLog& events_;
  RecordCache& records_;
  const size_t max_waiting_bytes_;
  mutable absl::Mutex mutex_;
  absl::CondVar for_writer_;
  absl::CondVar for_completer_;
  std::deque<Operation> waiting_ ABSL_GUARDED_BY(mutex_);
  size_t waiting_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<Written> written_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool writer_ended_ ABSL_GUARDED_BY(mutex_) = false;
  CommitStatistics statistics_ ABSL_GUARDED_BY(mutex_);
  std::thread writer_;
  std::thread completer_;
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ROCKSDB_COMMIT_QUEUE_H_
