// Commits that wait for the disk together.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/error.h"
#include "rocksdb/env.h"
#include "rocksdb/file_system.h"
#include "storage/rocksdb/storage.h"
#include "tests/storage/countdown.h"

namespace armstate {
namespace {

// A disk whose log can be held in the middle of a sync, and whose tables cannot be read for some time.
class HeldFileSystem : public rocksdb::FileSystemWrapper {
 public:
  using FileSystemWrapper::FileSystemWrapper;
  const char* Name() const override { return "HeldFileSystem"; }

  void Hold() {
    std::lock_guard<std::mutex> lock(mutex_);
    held_ = true;
  }
  void WaitForASync() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return syncing_; });
  }
  void Release() {
    std::lock_guard<std::mutex> lock(mutex_);
    held_ = false;
    changed_.notify_all();
  }

  void SetReadable(bool readable) { readable_ = readable; }

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* context) override {
    rocksdb::IOStatus status = FileSystemWrapper::NewWritableFile(path, options, file, context);
    if (status.ok() && absl::EndsWith(path, ".log")) *file = std::make_unique<Log>(std::move(*file), *this);
    return status;
  }
  rocksdb::IOStatus NewRandomAccessFile(const std::string& path, const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                        rocksdb::IODebugContext* context) override {
    rocksdb::IOStatus status = FileSystemWrapper::NewRandomAccessFile(path, options, file, context);
    if (status.ok()) *file = std::make_unique<Table>(std::move(*file), *this);
    return status;
  }

 private:
  class Table : public rocksdb::FSRandomAccessFileOwnerWrapper {
   public:
    Table(std::unique_ptr<rocksdb::FSRandomAccessFile> file, HeldFileSystem& owner)
        : FSRandomAccessFileOwnerWrapper(std::move(file)), owner_(owner) {}
    rocksdb::IOStatus Read(uint64_t offset, size_t bytes, const rocksdb::IOOptions& options, rocksdb::Slice* result,
                           char* scratch, rocksdb::IODebugContext* context) const override {
      if (!owner_.readable_) return rocksdb::IOStatus::IOError("the table cannot be read");
      return FSRandomAccessFileOwnerWrapper::Read(offset, bytes, options, result, scratch, context);
    }

   private:
    HeldFileSystem& owner_;
  };

  class Log : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    Log(std::unique_ptr<rocksdb::FSWritableFile> file, HeldFileSystem& owner)
        : FSWritableFileOwnerWrapper(std::move(file)), owner_(owner) {}
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
      {
        std::unique_lock<std::mutex> lock(owner_.mutex_);
        owner_.syncing_ = true;
        owner_.changed_.notify_all();
        owner_.changed_.wait(lock, [this] { return !owner_.held_; });
        owner_.syncing_ = false;
      }
      return FSWritableFileOwnerWrapper::Sync(options, context);
    }

   private:
    HeldFileSystem& owner_;
  };

  std::atomic<bool> readable_ = true;
  // Guards both.
  std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;
  bool syncing_ = false;
};

class CommitQueueTest : public testing::Test {
 protected:
  static constexpr size_t kWaitingBytes = size_t{1} << 20;

  CommitQueueTest() {
    StorageOptions options;
    options.env = env_.get();
    options.waiting_write_bytes = kWaitingBytes;
    storage_ = RocksDbStorage::Open("/data", options).value();
  }

  static CommitRequest Request(const std::string& vm, const std::string& record) {
    CommitRequest request;
    request.vm = vm;
    request.record = record;
    return request;
  }

  std::unique_ptr<rocksdb::Env> memory_{rocksdb::NewMemEnv(rocksdb::Env::Default())};
  std::shared_ptr<HeldFileSystem> disk_ = std::make_shared<HeldFileSystem>(memory_->GetFileSystem());
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(disk_);
  std::unique_ptr<RocksDbStorage> storage_;
};

// One caller: if it were blocked by the disk, it would not come to its second commit.
TEST_F(CommitQueueTest, AllThatWaitsSharesOneSync) {
  constexpr int kWaiting = 50;
  CheckpointStore& store = storage_->checkpoints();
  disk_->Hold();
  std::atomic<int> answered = 0;
  Countdown all(1 + kWaiting);
  const auto done = [&](const absl::StatusOr<CommitResult>& result) {
    EXPECT_TRUE(result.ok() && std::holds_alternative<Committed>(*result));
    ++answered;
    all.DecrementCount();
  };
  store.CommitAsync(Request("first", "r"), done);
  disk_->WaitForASync();
  for (int i = 0; i < kWaiting; ++i) store.CommitAsync(Request(absl::StrCat("vm", i % 7), "r"), done);
  // Nothing is acknowledged before it is on disk, and nothing that was not synced is shown.
  EXPECT_EQ(answered, 0);
  EXPECT_EQ(store.GetVm("vm0").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store.events().newest, 0u);
  EXPECT_EQ(store.ReadEvents(0, 100)->events.size(), 0u);
  disk_->Release();
  all.Wait();
  EXPECT_EQ(store.events().newest, uint64_t{1 + kWaiting});

  const CommitStatistics statistics = storage_->statistics().commits;
  EXPECT_EQ(statistics.operations, 1 + kWaiting);
  EXPECT_EQ(statistics.writes, 2);
  EXPECT_EQ(statistics.failed_writes, 0);
  EXPECT_GT(statistics.written_bytes, 0);
  EXPECT_GT(statistics.write_time, absl::ZeroDuration());
  // 1 lies from 1 to 1, and 50 from 32 to 63.
  EXPECT_EQ(statistics.batch_sizes.counts[1], 1);
  EXPECT_EQ(statistics.batch_sizes.counts[6], 1);
}

TEST_F(CommitQueueTest, WhatWaitsIsLimited) {
  CheckpointStore& store = storage_->checkpoints();
  disk_->Hold();
  Countdown all(3);
  const auto done = [&](const absl::StatusOr<CommitResult>& result) {
    EXPECT_TRUE(result.ok()) << result.status();
    all.DecrementCount();
  };
  store.CommitAsync(Request("web", "first"), done);
  disk_->WaitForASync();
  for (int i = 0; i < 2; ++i) store.CommitAsync(Request("web", std::string(kWaitingBytes / 2 + 1, 'r')), done);
  const absl::Status refused = store.Commit(Request("web", "fourth")).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted) << refused;
  EXPECT_TRUE(absl::StrContains(refused.message(), "too many writes wait")) << refused;
  EXPECT_EQ(GetErrorInfo(refused)->reason, ErrorReason::kServerBusy);
  // A deletion takes nothing: it waits, and is done.
  std::thread deletion([&] { EXPECT_EQ(store.Delete("web", 1, absl::UnixEpoch()), absl::OkStatus()); });
  absl::SleepFor(absl::Milliseconds(20));
  disk_->Release();
  deletion.join();
  all.Wait();
  EXPECT_EQ(store.GetVm("web")->last_version, 3);
  EXPECT_TRUE(store.Commit(Request("web", "fourth")).ok());
}

// One that fails halfway leaves nothing in the batch that it shares with others: neither what it added, nor what it put
// in the place of what others had added.
TEST_F(CommitQueueTest, AnOperationThatFailsTakesItsChangesBack) {
  CheckpointStore& store = storage_->checkpoints();
  ASSERT_TRUE(store.Commit(Request("web", "old")).ok());
  ASSERT_TRUE(storage_->Compact().ok());
  Retention retention;
  retention.keep_last = 2;
  ASSERT_TRUE(store.SetRetention("web", retention, absl::UnixEpoch()).ok());

  disk_->Hold();
  Countdown all(5);
  std::vector<absl::Status> answers(5);
  const auto commit = [&](size_t i, CommitRequest request) {
    store.CommitAsync(std::move(request), [&all, &answers, i](const absl::StatusOr<CommitResult>& result) {
      answers[i] = result.status();
      all.DecrementCount();
    });
  };
  CommitRequest failing = Request("web", "failing");
  failing.request_id = "failing";
  failing.layouts = {{std::string(32, 'h'), "layout"}};
  commit(0, Request("first", "r"));
  disk_->WaitForASync();
  commit(1, Request("web", "second"));
  commit(2, failing);  // its retention looks at the first version, which is in a table
  commit(3, Request("other", "r"));
  commit(4, failing);
  disk_->SetReadable(false);
  disk_->Release();
  all.Wait();
  disk_->SetReadable(true);
  EXPECT_TRUE(answers[1].ok()) << answers[1];
  EXPECT_EQ(answers[2].code(), absl::StatusCode::kUnavailable) << answers[2];
  EXPECT_TRUE(answers[3].ok()) << answers[3];
  EXPECT_EQ(answers[4].code(), absl::StatusCode::kUnavailable) << answers[4];

  EXPECT_EQ(store.GetVm("web")->last_version, 2);
  EXPECT_EQ(store.Get("web", 2)->record, "second");
  EXPECT_EQ(store.Get("web", 3).status().code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(store.GetLayout(std::string(32, 'h')).ok());
  EXPECT_EQ(store.GetVm("other")->last_version, 1);
  // Its request ID is not known: now it is stored, and the first version goes.
  ASSERT_TRUE(store.Commit(failing).ok());
  EXPECT_EQ(store.Get("web", 3)->record, "failing");
  EXPECT_EQ(store.Get("web", 1).status().code(), absl::StatusCode::kNotFound);
}

// A commit that only finds something out needs no write.
TEST_F(CommitQueueTest, RefusalsAreNotWritten) {
  CheckpointStore& store = storage_->checkpoints();
  CommitRequest request = Request("web", "r");
  request.expected_last_version = 5;
  EXPECT_TRUE(std::holds_alternative<CommitConflict>(store.Commit(request).value()));
  EXPECT_EQ(store.Delete("web", 1, absl::UnixEpoch()).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(storage_->statistics().commits.writes, 0);
}

TEST_F(CommitQueueTest, CloseEndsWhatWasBegun) {
  absl::StatusOr<CommitResult> answer = absl::UnknownError("none");
  disk_->Hold();
  storage_->checkpoints().CommitAsync(Request("web", "r"),
                                      [&](absl::StatusOr<CommitResult> result) { answer = std::move(result); });
  disk_->WaitForASync();
  disk_->Release();
  ASSERT_TRUE(storage_->Close().ok());
  EXPECT_TRUE(answer.ok() && std::holds_alternative<Committed>(*answer));
  StorageOptions options;
  options.env = env_.get();
  storage_ = RocksDbStorage::Open("/data", options).value();
  EXPECT_EQ(storage_->checkpoints().Get("web", 1)->record, "r");
}

TEST(PowerHistogramTest, Buckets) {
  PowerHistogram histogram;
  for (const int64_t value : {0, 1, 2, 3, 4, 7, 8}) histogram.Add(value);
  histogram.Add(INT64_MAX);
  EXPECT_EQ(histogram.counts[0], 1);
  EXPECT_EQ(histogram.counts[1], 1);
  EXPECT_EQ(histogram.counts[2], 2);
  EXPECT_EQ(histogram.counts[3], 2);
  EXPECT_EQ(histogram.counts[4], 1);
  EXPECT_EQ(histogram.counts[31], 1);
}

}  // namespace
}  // namespace armstate
