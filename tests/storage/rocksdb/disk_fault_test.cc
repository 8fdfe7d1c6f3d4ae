// A disk that fails at every change of a small workload in turn: calls say so, reads go on, nothing that was
// acknowledged is lost, and when the disk works again, so does the store.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rocksdb/env.h"
#include "rocksdb/system_clock.h"
#include "storage/repository/checkpoint_repository.h"
#include "storage/rocksdb/storage.h"
#include "tests/storage/rocksdb/fault_file_system.h"

namespace armstate {
namespace {

constexpr uint64_t kSctlrEl1 = 0x603000000013c080;  // 8 bytes

// RocksDB waits a second after each flush that failed: not here.
class SleeplessClock : public rocksdb::SystemClockWrapper {
 public:
  using SystemClockWrapper::SystemClockWrapper;
  const char* Name() const override { return "SleeplessClock"; }
  void SleepForMicroseconds(int) override {}
};

class SleeplessEnv : public rocksdb::EnvWrapper {
 public:
  explicit SleeplessEnv(std::unique_ptr<rocksdb::Env> env) : EnvWrapper(env.get()), env_(std::move(env)) {
    file_system_ = env_->GetFileSystem();
    system_clock_ = std::make_shared<SleeplessClock>(env_->GetSystemClock());
  }

 private:
  const std::unique_ptr<rocksdb::Env> env_;
};

class FullDiskTest : public testing::Test {
 protected:
  // A store over a disk of its own, with two acknowledged checkpoints.
  void Begin() {
    repository_.reset();
    storage_.reset();
    memory_.reset(rocksdb::NewMemEnv(rocksdb::Env::Default()));
    disk_ = std::make_shared<FaultFileSystem>(memory_->GetFileSystem());
    env_ = std::make_unique<SleeplessEnv>(rocksdb::NewCompositeEnv(disk_));
    acknowledged_.clear();
    unknown_.clear();
    Open();
    Create("first");
    Create("second");
    ASSERT_EQ(acknowledged_.size(), 2u);
  }

  void Open() {
    StorageOptions options;
    options.env = env_.get();
    absl::StatusOr<std::unique_ptr<RocksDbStorage>> storage = RocksDbStorage::Open("/data", options);
    if (!storage.ok()) {
      ExpectFault(storage.status());
      return;
    }
    storage_ = *std::move(storage);
    repository_ = std::make_unique<CheckpointRepository>(storage_->checkpoints());
  }

  // Closes the store, which writes tables, and opens it again.
  void Reopen() {
    if (storage_ == nullptr) return;
    repository_.reset();
    storage_->Close().IgnoreError();
    storage_.reset();
    Open();
  }

  static NewCheckpoint Checkpoint(const std::string& metadata) {
    NewCheckpoint checkpoint;
    checkpoint.request_id = "id of " + metadata;
    checkpoint.request_digest = metadata;
    checkpoint.metadata = metadata;
    checkpoint.vcpus.push_back({0, *RegisterList::Create({kSctlrEl1}, "ssssssss"), ""});
    return checkpoint;
  }

  void Create(const std::string& metadata) {
    if (storage_ == nullptr) return;
    const absl::StatusOr<CreatedCheckpoint> created = repository_->Create("web", Checkpoint(metadata), absl::nullopt);
    if (created.ok()) {
      acknowledged_[created->summary.version] = metadata;
    } else {
      ExpectFault(created.status());
      unknown_.push_back(metadata);
    }
  }

  static void ExpectFault(const absl::Status& status) {
    EXPECT_TRUE(status.code() == absl::StatusCode::kUnavailable ||
                status.code() == absl::StatusCode::kResourceExhausted)
        << status;
  }

  // What was acknowledged is readable: always, if the store is open at all.
  void ExpectReadable() {
    if (storage_ == nullptr) return;
    for (const auto& [version, metadata] : acknowledged_) {
      const absl::StatusOr<StoredCheckpoint> stored = repository_->Get("web", version);
      ASSERT_TRUE(stored.ok()) << version << " " << stored.status();
      EXPECT_EQ(stored->summary.metadata, metadata);
    }
  }

  // Each version has its event, and they have their numbers, whatever became of the writes between.
  void ExpectEvents(int64_t versions) {
    const EventPage page = storage_->checkpoints().ReadEvents(0, 1000).value();
    EXPECT_EQ(page.newest, static_cast<uint64_t>(versions));
    ASSERT_EQ(page.events.size(), static_cast<size_t>(versions));
    for (size_t i = 0; i < page.events.size(); ++i) {
      EXPECT_EQ(page.events[i].sequence, i + 1);
      EXPECT_EQ(page.events[i].kind, CheckpointEventKind::kCommitted);
      EXPECT_EQ(page.events[i].version, static_cast<int64_t>(i + 1));
    }
  }

  // Versions 1, 2, 3 ..., each that was acknowledged or one of the unknown ones.
  void ExpectNothingLost() {
    ExpectReadable();
    const CheckpointPage page = repository_->List("web", 0, 100).value();
    ExpectEvents(static_cast<int64_t>(page.checkpoints.size()));
    for (size_t i = 0; i < page.checkpoints.size(); ++i) {
      const int64_t version = page.checkpoints[i].version;
      EXPECT_EQ(version, static_cast<int64_t>(i + 1));
      ASSERT_TRUE(page.checkpoints[i].summary.ok()) << page.checkpoints[i].summary.status();
      const std::string& metadata = page.checkpoints[i].summary->metadata;
      const bool is_acknowledged = acknowledged_.count(version) > 0 && acknowledged_[version] == metadata;
      const bool is_unknown = std::count(unknown_.begin(), unknown_.end(), metadata) == 1;
      EXPECT_TRUE(is_acknowledged || is_unknown) << version << " " << metadata;
    }
  }

  std::unique_ptr<rocksdb::Env> memory_;
  std::shared_ptr<FaultFileSystem> disk_;
  std::unique_ptr<rocksdb::Env> env_;
  std::unique_ptr<RocksDbStorage> storage_;
  std::unique_ptr<CheckpointRepository> repository_;
  std::map<int64_t, std::string> acknowledged_;
  std::vector<std::string> unknown_;
};

class DiskFaultTest : public FullDiskTest, public testing::WithParamInterface<std::tuple<DiskError, DiskFault>> {};

TEST_P(DiskFaultTest, EveryChangeFailsInTurn) {
  const auto [error, fault] = GetParam();
  const auto work = [this] {
    Create("third");
    ExpectReadable();
    Create("fourth");
    Reopen();
    Create("fifth");
    ExpectReadable();
    Create("sixth");
  };
  int64_t n = 1;
  for (;; ++n) {
    SCOPED_TRACE(absl::StrCat("change ", n));
    Begin();
    disk_->FailAt(n, error, fault);
    work();
    const bool reached = disk_->changes() >= n;
    disk_->Repair();
    // Without being opened again, if it was open.
    if (storage_ == nullptr) Open();
    ASSERT_NE(storage_, nullptr);
    Create("after the repair");
    EXPECT_EQ(acknowledged_.rbegin()->second, "after the repair");
    ExpectNothingLost();
    // The same from what is on the disk.
    Reopen();
    ExpectNothingLost();
    // Each request is there once, whatever became of it.
    for (const std::string& metadata : std::vector<std::string>(unknown_)) Create(metadata);
    EXPECT_EQ(acknowledged_.size(), static_cast<size_t>(repository_->GetVm("web")->checkpoint_count));
    if (HasFailure() || !reached) break;
  }
  // Fewer would mean that the workload hardly touches the disk.
  EXPECT_GT(n, 30);
}

// There is no space once, before the deletion is in the log or after that.
TEST_F(FullDiskTest, ADeletionIsTriedAgain) {
  int64_t n = 1;
  for (;; ++n) {
    SCOPED_TRACE(absl::StrCat("change ", n));
    Begin();
    CheckpointStore& store = storage_->checkpoints();
    ASSERT_EQ(storage_->records().Put(RecordKind::kMachine, "m1", "m"), absl::OkStatus());
    disk_->FailAt(n, DiskError::kNoSpace, DiskFault::kOnce);
    EXPECT_EQ(store.Delete("web", 1, absl::UnixEpoch()), absl::OkStatus());
    EXPECT_EQ(storage_->records().Delete(RecordKind::kMachine, "m1"), absl::OkStatus());
    EXPECT_EQ(store.Delete("web", 2, absl::UnixEpoch()), absl::OkStatus());
    EXPECT_EQ(store.GetVm("web")->checkpoint_count, 0);
    EXPECT_EQ(store.DeleteVm("web", ProtectedVersions::kRefuse, absl::UnixEpoch()), absl::OkStatus());
    EXPECT_EQ(store.events().newest, 5u);  // two commits, three deletions
    const bool reached = disk_->changes() >= n;
    disk_->Repair();
    Reopen();
    ASSERT_NE(storage_, nullptr);
    EXPECT_TRUE(absl::IsNotFound(storage_->checkpoints().GetVm("web").status()));
    EXPECT_EQ(storage_->checkpoints().events().newest, 5u);
    if (HasFailure() || !reached) break;
  }
  EXPECT_GT(n, 8);
}

// A deletion whose write failed may be in the log, or not: what is read while nobody knows must not stay in a cache.
TEST_F(FullDiskTest, WhatIsReadAfterAFailedDeletionIsNotKept) {
  int deleted = 0;
  int64_t n = 1;
  for (bool reached = true; reached; ++n) {
    SCOPED_TRACE(absl::StrCat("change ", n));
    Begin();
    CheckpointStore& store = storage_->checkpoints();
    disk_->FailAt(n, DiskError::kIoError, DiskFault::kUntilRepaired);
    store.Delete("web", 1, absl::UnixEpoch()).IgnoreError();
    store.Get("web", 1).IgnoreError();
    reached = disk_->changes() >= n;
    disk_->Repair();
    Create("after the repair");
    const absl::StatusOr<RecordPage> page = store.List("web", 0, 10);
    ASSERT_TRUE(page.ok()) << page.status();
    const bool is_listed = page->records.front().version == 1;
    EXPECT_EQ(store.Get("web", 1).ok(), is_listed);
    deleted += reached && !is_listed ? 1 : 0;
  }
  EXPECT_GT(n, 3);
  EXPECT_GT(deleted, 0) << "no failed deletion was in the log";
}

INSTANTIATE_TEST_SUITE_P(Disks, DiskFaultTest,
                         testing::Combine(testing::Values(DiskError::kIoError, DiskError::kNoSpace),
                                          testing::Values(DiskFault::kOnce, DiskFault::kUntilRepaired)));

}  // namespace
}  // namespace armstate
