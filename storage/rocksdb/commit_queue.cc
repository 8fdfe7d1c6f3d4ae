#include "storage/rocksdb/commit_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/time/clock.h"
#include "core/error.h"

namespace armstate {
namespace {

// A batch is closed above this, so that no sync takes much longer than others.
constexpr size_t kMaxBatchBytes = size_t{8} << 20;

// The poll interval for recovery when the queue is idle; RecordStore writes can fail too.
constexpr absl::Duration kRecoveryInterval = absl::Seconds(1);

// The time for which a deletion is retried while there is no space for it: others may take what the reserve gives back,
// so that it takes some pieces of it, but not for ever.
constexpr absl::Duration kPatienceWithSpace = absl::Seconds(10);
constexpr absl::Duration kPauseWithoutSpace = absl::Milliseconds(10);

absl::Status NotTaken(const char* cause) {
  return MakeError(absl::StatusCode::kUnavailable, ErrorReason::kStorageUnavailable, std::string("storage: ") + cause,
                   {{"cause", cause}});
}

}  // namespace

void CommitQueue::Start() {
  writer_ = std::thread([this] { WriteLoop(); });
  completer_ = std::thread([this] { CompletionLoop(); });
}

absl::Status CommitQueue::Push(Operation operation) {
  bool is_first = false;
  {
    absl::MutexLock lock(&mutex_);
    if (stopped_) return NotTaken("it is being closed");
    if (waiting_bytes_ > max_waiting_bytes_ && !operation.deletes) {
      return MakeError(absl::StatusCode::kResourceExhausted, ErrorReason::kServerBusy,
                       "too many writes wait for the disk: call again later");
    }
    is_first = waiting_.empty();
    waiting_bytes_ += operation.bytes;
    waiting_.push_back(std::move(operation));
  }
  // Without the lock, for which it would have to wait again. If others wait before, it is awake or about to be.
  if (is_first) for_writer_.Signal();
  return absl::OkStatus();
}

void CommitQueue::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
    for_writer_.Signal();
  }
  if (writer_.joinable()) writer_.join();
  if (completer_.joinable()) completer_.join();
}

CommitStatistics CommitQueue::statistics() const {
  absl::MutexLock lock(&mutex_);
  return statistics_;
}

std::vector<CommitQueue::Operation> CommitQueue::TakeBatch() {
  const absl::Time deadline = absl::Now() + kRecoveryInterval;
  absl::MutexLock lock(&mutex_);
  while (!stopped_ && waiting_.empty() && !for_writer_.WaitWithDeadline(&mutex_, deadline)) {
  }
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

absl::Status CommitQueue::EnsureWritable() {
  if (IsWritable()) return absl::OkStatus();
  if (absl::Status status = database_.Recover(); !status.ok()) return status;
  records_.Restart();
  return events_.Load();
}

absl::Status CommitQueue::TryBatch(const std::vector<Operation>& operations) {
  // Here nothing of this thread is in use. If it does not succeed, nothing is tried: what a batch would see is not
  // certain.
  if (absl::Status status = EnsureWritable(); !status.ok()) return status;
  if (operations.empty()) return absl::OkStatus();
  CommitBatch batch;
  for (const Operation& operation : operations) operation.prepare(batch);
  events_.Finish(*batch.GetWriteBatch());
  const absl::Status status = Write(batch, operations.size());
  // Otherwise the log may have the batch, which is seen when the database is reopened.
  if (status.ok()) records_.EndChanges();
  events_.OnWritten(status);
  return status;
}

absl::Status CommitQueue::RetryDeletions(std::vector<Operation>& operations, absl::Status status) {
  const auto is_deletion = [](const Operation& operation) { return operation.deletes; };
  const auto others = std::stable_partition(operations.begin(), operations.end(), is_deletion);
  Answer({std::make_move_iterator(others), std::make_move_iterator(operations.end())}, status);
  operations.erase(others, operations.end());
  const absl::Time deadline = absl::Now() + kPatienceWithSpace;
  while (!operations.empty() && !status.ok() && absl::Now() < deadline && !IsStopped()) {
    status = TryBatch(operations);
    if (!status.ok()) absl::SleepFor(kPauseWithoutSpace);
  }
  return status;
}

void CommitQueue::WriteLoop() {
  bool ended = false;
  bool is_full = false;
  while (!ended) {
    std::vector<Operation> operations = TakeBatch();
    const bool is_idle = operations.empty();
    absl::Status status = TryBatch(operations);
    is_full = !status.ok() && (is_full || absl::IsResourceExhausted(status));
    if (is_full) status = RetryDeletions(operations, status);
    // Also without operations: reopening may have found events.
    Answer(std::move(operations), status);
    absl::MutexLock lock(&mutex_);
    ended = writer_ended_ = is_idle && stopped_ && waiting_.empty();
    if (ended) for_completer_.Signal();
  }
}

void CommitQueue::Answer(std::vector<Operation> operations, const absl::Status& status) {
  absl::MutexLock lock(&mutex_);
  written_.push_back({std::move(operations), status, events_.range().newest});
  for_completer_.Signal();
}

bool CommitQueue::IsStopped() const {
  absl::MutexLock lock(&mutex_);
  return stopped_;
}

absl::Status CommitQueue::Write(CommitBatch& batch, size_t operations) {
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

void CommitQueue::CompletionLoop() {
  while (true) {
    Written written;
    {
      absl::MutexLock lock(&mutex_);
      while (!writer_ended_ && written_.empty()) for_completer_.Wait(&mutex_);
      if (written_.empty()) return;
      written = std::move(written_.front());
      written_.pop_front();
    }
    for (const Operation& operation : written.operations) operation.done(written.status);
    events_.Notify(written.newest_event);
  }
}

}  // namespace armstate
