#include "storage/commit_queue.h"

#include <utility>

#include "absl/time/clock.h"
#include "core/error.h"

namespace armstate {
namespace {

// A batch is closed above this, so that no sync takes much longer than others.
constexpr size_t kMaxBatchBytes = size_t{8} << 20;
// Above this a disk that hangs would take the whole memory.
constexpr size_t kMaxWaitingBytes = size_t{256} << 20;

// How often it is tried to recover from a failed write while there is nothing else to do.
constexpr absl::Duration kRecoveryInterval = absl::Seconds(1);

absl::Status NotTaken(const char* cause) {
  return MakeError(absl::StatusCode::kUnavailable, ErrorReason::kStorageUnavailable, std::string("storage: ") + cause,
                   {{"cause", cause}});
}

}  // namespace

CommitQueue::CommitQueue(RocksDbDatabase& database)
    : database_(database), writer_([this] { WriteLoop(); }), teller_([this] { TellLoop(); }) {}

absl::Status CommitQueue::Push(Operation operation) {
  absl::MutexLock lock(&mutex_);
  if (stopped_) return NotTaken("it is being closed");
  if (waiting_bytes_ > kMaxWaitingBytes) return NotTaken("too many writes wait for the disk");
  waiting_bytes_ += operation.bytes;
  waiting_.push_back(std::move(operation));
  return absl::OkStatus();
}

void CommitQueue::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
  }
  if (writer_.joinable()) writer_.join();
  if (teller_.joinable()) teller_.join();
}

CommitStatistics CommitQueue::statistics() const {
  absl::MutexLock lock(&mutex_);
  return statistics_;
}

std::vector<CommitQueue::Operation> CommitQueue::TakeBatch() {
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(
      +[](CommitQueue* queue)
           ABSL_EXCLUSIVE_LOCKS_REQUIRED(queue->mutex_) { return queue->stopped_ || !queue->waiting_.empty(); },
      this));
  std::vector<Operation> taken;
  size_t bytes = 0;
  while (!waiting_.empty() && bytes <= kMaxBatchBytes) {
    if (!taken.empty() && (taken.back().alone || waiting_.front().alone)) break;
    bytes += waiting_.front().bytes;
    taken.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  waiting_bytes_ -= bytes;
  return taken;
}

void CommitQueue::WriteLoop() {
  while (true) {
    std::vector<Operation> operations = TakeBatch();
    // Here nothing of this thread is in use. If it does not succeed, the operations tell why.
    if (database_.needs_recovery()) database_.Recover().IgnoreError();
    if (operations.empty()) {
      absl::MutexLock lock(&mutex_);
      if (!stopped_ || !waiting_.empty()) continue;
      writer_ended_ = true;
      return;
    }
    Batch batch(rocksdb::BytewiseComparator(), 0, /*overwrite_key=*/true);
    for (const Operation& operation : operations) operation.prepare(batch);
    absl::Status status = Write(batch, operations.size());
    absl::MutexLock lock(&mutex_);
    written_.push_back({std::move(operations), std::move(status)});
  }
}

absl::Status CommitQueue::Write(Batch& batch, size_t operations) {
  rocksdb::WriteBatch& changes = *batch.GetWriteBatch();
  if (changes.Count() == 0) return absl::OkStatus();
  const absl::Time begin = absl::Now();
  absl::Status status = database_.Write(changes);
  const absl::Duration taken = absl::Now() - begin;
  absl::MutexLock lock(&mutex_);
  statistics_.operations += static_cast<int64_t>(operations);
  statistics_.writes += 1;
  statistics_.failed_writes += status.ok() ? 0 : 1;
  statistics_.written_bytes += static_cast<int64_t>(changes.GetDataSize());
  statistics_.write_time += taken;
  statistics_.batch_sizes.Add(static_cast<int64_t>(operations));
  statistics_.write_microseconds.Add(absl::ToInt64Microseconds(taken));
  return status;
}

void CommitQueue::TellLoop() {
  while (true) {
    Written written;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(
          +[](CommitQueue* queue) ABSL_EXCLUSIVE_LOCKS_REQUIRED(queue->mutex_) {
            return queue->writer_ended_ || !queue->written_.empty();
          },
          this));
      if (written_.empty()) return;
      written = std::move(written_.front());
      written_.pop_front();
    }
    for (const Operation& operation : written.operations) operation.done(written.status);
  }
}

}  // namespace armstate
