// `RocksDbEventLog` is the log of events in RocksDB, which is written together with the changes that it records.
#ifndef ARMSTATE_STORAGE_ROCKSDB_EVENT_LOG_H_
#define ARMSTATE_STORAGE_ROCKSDB_EVENT_LOG_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "rocksdb/utilities/write_batch_with_index.h"
#include "storage/checkpoint_event.h"
#include "storage/event_listeners.h"
#include "storage/rocksdb/database.h"

namespace armstate {

// Numbers are given to what goes into a batch, and are used up only if the batch is on disk: after a write whose
// outcome is unknown, Load finds out, before the next batch. What is read was on disk in each case.
//
// Load, Add, Finish and OnWritten are for the commit queue's writer, Notify for its completer; the rest is thread-safe.
class RocksDbEventLog {
 public:
  // The database must outlive it. Of the newest events at least `kept` are kept, and at most a sixteenth more.
  RocksDbEventLog(const RocksDbDatabase& database, uint64_t kept);

  // Reads what is on disk; EnsureEventLogId was called. Once before the first batch, and after each reopening.
  absl::Status Load();
  bool is_loaded() const { return is_loaded_; }

  // Numbers events of the batch that is being prepared; nothing that made them is rolled back any more.
  void Add(std::vector<CheckpointEvent> events);
  // Once for each batch, after all changes: puts the events into it, remembers the numbers, and removes the oldest
  // events if there are many.
  void Finish(rocksdb::WriteBatch& batch);
  // Takes the outcome of the batch.
  void OnWritten(const absl::Status& written);

  // Calls the listeners.
  void Notify(uint64_t newest) { listeners_.Notify(newest); }

  EventRange range() const;
  // See CheckpointStore.
  absl::StatusOr<EventPage> Read(uint64_t after, size_t limit) const;
  std::unique_ptr<EventSubscription> Subscribe(EventListener listener) { return listeners_.Add(std::move(listener)); }

 private:
  // Keeps the log's ID.
  void SetRange(uint64_t oldest, uint64_t newest);

  const RocksDbDatabase& database_;
  const uint64_t kept_;
  EventListeners listeners_;

  // The writer's own: what is on disk, and what will be with the batch.
  bool is_loaded_ = false;
  EventRange written_;
  EventRange prepared_;
  std::vector<CheckpointEvent> added_;

  mutable absl::Mutex mutex_;
  EventRange range_ ABSL_GUARDED_BY(mutex_);  // what may be read
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ROCKSDB_EVENT_LOG_H_
