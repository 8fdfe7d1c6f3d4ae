// The database is reopened after an error, while others use it.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "rocksdb/env.h"
#include "storage/rocksdb/storage.h"
#include "tests/storage/rocksdb/log_file_system.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

// A log that can fail, and tables and blob files that cannot be read for some time.
class HangingFileSystem : public LogFileSystem {
 public:
  using LogFileSystem::LogFileSystem;
  const char* Name() const override { return "HangingFileSystem"; }

  void HoldReads() {
    std::lock_guard<std::mutex> lock(mutex_);
    held_ = true;
    reads_ = 0;
  }
  void ReleaseReads() {
    std::lock_guard<std::mutex> lock(mutex_);
    held_ = false;
    changed_.notify_all();
  }
  // One that is held.
  void WaitForARead() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return reads_ > 0; });
  }

  rocksdb::IOStatus NewRandomAccessFile(const std::string& path, const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                        rocksdb::IODebugContext* context) override {
    rocksdb::IOStatus status = LogFileSystem::NewRandomAccessFile(path, options, file, context);
    if (status.ok()) *file = std::make_unique<Table>(std::move(*file), *this);
    return status;
  }

 private:
  class Table : public rocksdb::FSRandomAccessFileOwnerWrapper {
   public:
    Table(std::unique_ptr<rocksdb::FSRandomAccessFile> file, HangingFileSystem& owner)
        : FSRandomAccessFileOwnerWrapper(std::move(file)), owner_(owner) {}
    rocksdb::IOStatus Read(uint64_t offset, size_t bytes, const rocksdb::IOOptions& options, rocksdb::Slice* result,
                           char* scratch, rocksdb::IODebugContext* context) const override {
      owner_.Pass();
      return FSRandomAccessFileOwnerWrapper::Read(offset, bytes, options, result, scratch, context);
    }

   private:
    HangingFileSystem& owner_;
  };

  void Pass() {
    std::unique_lock<std::mutex> lock(mutex_);
    ++reads_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !held_; });
  }

  // Guards all after it.
  std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;
  int reads_ = 0;  // since HoldReads
};

class RecoveryTest : public testing::Test {
 protected:
  RecoveryTest() : RecoveryTest(nullptr, "/data") {}
  // `data_dir` is in a folder of its own if there are files, else in memory.
  RecoveryTest(const std::shared_ptr<rocksdb::FileSystem>& files, const std::string& data_dir) {
    disk_ = std::make_shared<HangingFileSystem>(files == nullptr ? memory_->GetFileSystem() : files);
    env_ = rocksdb::NewCompositeEnv(disk_);
    StorageOptions options;
    options.env = env_.get();
    storage_ = RocksDbStorage::Open(files == nullptr ? data_dir : folder_.path() + "/" + data_dir, options).value();
  }

  CheckpointStore& store() { return storage_->checkpoints(); }

  static CommitRequest Request(const std::string& record) {
    CommitRequest request;
    request.vm = "web";
    request.record = record;
    return request;
  }
  bool IsCommitted(const std::string& record) {
    const absl::StatusOr<CommitResult> result = store().Commit(Request(record));
    return result.ok() && std::holds_alternative<Committed>(*result);
  }
  // Tries for a minute at most.
  bool IsCommittedSoon(const std::string& record) {
    for (const absl::Time deadline = absl::Now() + absl::Minutes(1); absl::Now() < deadline;) {
      if (IsCommitted(record)) return true;
      absl::SleepFor(absl::Milliseconds(10));
    }
    return false;
  }
  // After it the database has to be reopened, and can be.
  void FailOnce() {
    disk_->set_fault(LogFault::kSyncFails);
    EXPECT_FALSE(IsCommitted("not synced"));
    disk_->set_fault(LogFault::kNone);
  }

  const TempDir folder_;
  std::unique_ptr<rocksdb::Env> memory_{rocksdb::NewMemEnv(rocksdb::Env::Default())};
  std::shared_ptr<HangingFileSystem> disk_;
  std::unique_ptr<rocksdb::Env> env_;
  std::unique_ptr<RocksDbStorage> storage_;
};

// Its changes are made with handles of the database as it was when it began.
TEST_F(RecoveryTest, RecordsThatAreWrittenMeanwhile) {
  std::atomic<bool> done = false;
  std::atomic<int> written = 0;
  std::thread writer([&] {
    const std::string bytes(100000, 'b');
    const RecordChange changes[] = {
        {RecordKind::kMachine, "a", bytes}, {RecordKind::kMachine, "b", bytes}, {RecordKind::kMachine, "c", bytes}};
    while (!done) {
      const absl::Status status = storage_->records().Commit(changes);
      EXPECT_TRUE(status.ok() || absl::IsUnavailable(status)) << status;
      written += status.ok() ? 1 : 0;
      const absl::Status deleted = storage_->records().DeletePrefix(RecordKind::kRestoreReport, "web/");
      EXPECT_TRUE(deleted.ok() || absl::IsUnavailable(deleted)) << deleted;
    }
  });
  for (int i = 0; i < 20; ++i) {
    FailOnce();
    ASSERT_TRUE(IsCommittedSoon("r"));
  }
  done = true;
  writer.join();
  EXPECT_GT(written, 0);
  EXPECT_EQ(storage_->records().List(RecordKind::kMachine, "", "", 10)->records.size(), 3u);
}

// It cannot be waited for: commits are told so, and go on when it is through.
TEST_F(RecoveryTest, AReadThatHangsDoesNotHoldUpCommitsForLong) {
  ASSERT_TRUE(IsCommitted(std::string(10000, 'r')));
  ASSERT_TRUE(storage_->Compact().ok());
  ASSERT_TRUE(storage_->records().Put(RecordKind::kMachine, "m", "in memory").ok());
  disk_->HoldReads();
  std::future<absl::Status> read =
      std::async(std::launch::async, [this] { return store().List("web", 0, 10).status(); });
  disk_->WaitForARead();
  FailOnce();
  const absl::Time begin = absl::Now();
  const absl::StatusOr<CommitResult> refused = store().Commit(Request("refused"));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(20));
  ASSERT_TRUE(refused.ok() && std::holds_alternative<CommitUnknown>(*refused)) << refused.status();
  EXPECT_EQ(std::get<CommitUnknown>(*refused).cause.code(), absl::StatusCode::kUnavailable);
  // What is open is read meanwhile, most of the time.
  int answers = 0;
  for (int i = 0; i < 30; ++i) {
    answers += storage_->records().Get(RecordKind::kMachine, "m").ok() ? 1 : 0;
    absl::SleepFor(absl::Milliseconds(100));
  }
  EXPECT_GT(answers, 15);
  disk_->ReleaseReads();
  EXPECT_EQ(read.get(), absl::OkStatus());
  EXPECT_TRUE(IsCommittedSoon("r"));
}

// Backups are made of what is on a disk.
class RecoveryOnDiskTest : public RecoveryTest {
 protected:
  RecoveryOnDiskTest() : RecoveryTest(rocksdb::FileSystem::Default(), "data") {}
};

TEST_F(RecoveryOnDiskTest, ABackupGivesWay) {
  std::mt19937_64 random(1);
  std::string record(10 << 20, '\0');
  for (char& byte : record) byte = static_cast<char>(random());
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(IsCommitted(record));
  ASSERT_TRUE(storage_->Compact().ok());
  // In the middle of its copy.
  std::promise<void> begun;
  std::promise<void> may_go_on;
  std::future<void> gate = may_go_on.get_future();
  bool is_first = true;
  std::future<absl::Status> backup = std::async(std::launch::async, [&] {
    const auto cancelled = [&] {
      if (is_first) {
        begun.set_value();
        gate.wait();
        is_first = false;
      }
      return false;
    };
    return storage_->CreateBackup(folder_.path() + "/backups", cancelled).status();
  });
  begun.get_future().wait();
  FailOnce();
  EXPECT_FALSE(IsCommitted("refused"));
  may_go_on.set_value();
  EXPECT_TRUE(IsCommittedSoon("r"));
  const absl::Status status = backup.get();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), "reopened after an error")) << status;
  EXPECT_EQ(storage_->CreateBackup(folder_.path() + "/backups").status(), absl::OkStatus());
}

}  // namespace
}  // namespace armstate
