// The one way by which checkpoints change in RocksDB: all that waits goes into one WriteBatch and one sync.
#ifndef ARMSTATE_STORAGE_COMMIT_QUEUE_H_
#define ARMSTATE_STORAGE_COMMIT_QUEUE_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "rocksdb/utilities/write_batch_with_index.h"
#include "storage/commit_statistics.h"
#include "storage/rocksdb_database.h"

namespace armstate {

// Operations are prepared in the order of Push, by one thread, so each sees the effect of all before it: in the
// database, or in the batch that it is put into. A second thread tells the callers, so that their work and the next
// sync go on at the same time.
//
// Thread-safe, but for Stop.
class CommitQueue {
 public:
  using Batch = rocksdb::WriteBatchWithIndex;

  struct Operation {
    // Alone in its batch: what it does can't be seen by an operation in the same one (a range is deleted, a walk over
    // the database).
    bool alone = false;
    // About what it keeps in memory.
    size_t bytes = 0;
    // Adds changes to the batch; may read through it. Called once.
    std::function<void(Batch&)> prepare;
    // Called once after prepare, with OK if the batch is on disk or nothing was to be written. Must not block.
    std::function<void(const absl::Status& written)> done;
  };

  // The database must outlive it.
  explicit CommitQueue(RocksDbDatabase& database);
  ~CommitQueue() { Stop(); }

  // UNAVAILABLE, reason STORAGE_UNAVAILABLE, if too much waits or the queue is stopped: then nothing is called.
  absl::Status Push(Operation operation);

  // Does what was pushed, and tells; then nothing more is taken.
  void Stop();

  CommitStatistics statistics() const;

 private:
  struct Written {
    std::vector<Operation> operations;
    absl::Status status;
  };

  std::vector<Operation> TakeBatch();
  void WriteLoop();
  void TellLoop();
  absl::Status Write(Batch& batch, size_t operations);

  RocksDbDatabase& database_;
  mutable absl::Mutex mutex_;
  std::deque<Operation> waiting_ ABSL_GUARDED_BY(mutex_);
  size_t waiting_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<Written> written_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool writer_ended_ ABSL_GUARDED_BY(mutex_) = false;
  CommitStatistics statistics_ ABSL_GUARDED_BY(mutex_);
  std::thread writer_;
  std::thread teller_;
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_COMMIT_QUEUE_H_
