// A real file system of 160 MB that runs full: what is deleted is deleted, and makes space again.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "storage/rocksdb/storage.h"
#include "tests/testing/small_volume.h"

namespace armstate {
namespace {

class FullVolumeTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    absl::StatusOr<std::unique_ptr<SmallVolume>> volume = SmallVolume::Mount();
    ASSERT_TRUE(volume.ok()) << volume.status();
    volume_ = volume->release();
  }
  static void TearDownTestSuite() { delete volume_; }

  void SetUp() override { Open(); }
  void TearDown() override {
    storage_.reset();
    std::filesystem::remove_all(volume_->data_dir());
    volume_->GiveBack();
  }

  void Open() {
    storage_.reset();
    absl::StatusOr<std::unique_ptr<RocksDbStorage>> storage = RocksDbStorage::Open(volume_->data_dir(), {});
    ASSERT_TRUE(storage.ok()) << storage.status();
    storage_ = *std::move(storage);
  }
  CheckpointStore& store() { return storage_->checkpoints(); }

  absl::Status Commit(const std::string& vm) {
    CommitRequest request;
    request.vm = vm;
    request.record.resize(record_bytes_);
    for (char& byte : request.record) byte = static_cast<char>(random_());
    const absl::StatusOr<CommitResult> result = store().Commit(request);
    if (!result.ok()) return result.status();
    if (const auto* unknown = std::get_if<CommitUnknown>(&*result)) return unknown->cause;
    return std::holds_alternative<Committed>(*result) ? absl::OkStatus() : absl::UnknownError("refused");
  }
  bool IsCommittedSoon(const std::string& vm) {
    for (const absl::Time deadline = absl::Now() + absl::Minutes(1); absl::Now() < deadline;) {
      if (Commit(vm).ok()) return true;
      absl::SleepFor(absl::Milliseconds(100));
    }
    return false;
  }
  // Until nothing more is taken, for want of space. Gives how many are stored.
  int Fill(const std::string& vm) {
    int stored = 0;
    for (int refused = 0; refused < 20;) {
      const absl::Status status = Commit(vm);
      if (status.ok()) {
        ++stored;
        continue;
      }
      EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
      ++refused;
    }
    return stored;
  }
  // Others, as it were.
  static void TakeTheRest() {
    volume_->TakeTheRest();
    EXPECT_LT(volume_->Free(), 4096u);
  }

  static SmallVolume* volume_;
  size_t record_bytes_ = 200000;  // so many go into blob files
  std::mt19937 random_{1};
  std::unique_ptr<RocksDbStorage> storage_;
};

SmallVolume* FullVolumeTest::volume_ = nullptr;

TEST_F(FullVolumeTest, DeletionsMakeSpace) {
  for (int round = 0; round < 3; ++round) {
    SCOPED_TRACE(round);
    const int stored = Fill("full");
    EXPECT_GT(stored, 10);
    EXPECT_EQ(store().Delete("full", 1, absl::Now()), absl::OkStatus());
    EXPECT_EQ(store().Delete("full", 2, absl::Now()), absl::OkStatus());
    EXPECT_EQ(store().DeleteVm("full", ProtectedVersions::kRefuse, absl::Now()), absl::OkStatus());
    EXPECT_TRUE(IsCommittedSoon("other")) << Commit("other");
    EXPECT_EQ(store().DeleteVm("other", ProtectedVersions::kRefuse, absl::Now()), absl::OkStatus());
  }
}

TEST_F(FullVolumeTest, EachCanBeDeletedWhenNothingIsFree) {
  const int stored = Fill("full");
  ASSERT_GT(stored, 32);
  TakeTheRest();
  for (int version = 1; version <= stored; ++version) {
    EXPECT_EQ(store().Delete("full", version, absl::Now()), absl::OkStatus()) << version;
    if (version % 8 == 0 && version <= 32) TakeTheRest();  // the reserve is given back a piece at a time
  }
  EXPECT_EQ(store().DeleteVm("full", ProtectedVersions::kRefuse, absl::Now()), absl::OkStatus());
  EXPECT_EQ(storage_->records().DeletePrefix(RecordKind::kMachine, "m"), absl::OkStatus());
  EXPECT_FALSE(Commit("other").ok());
  volume_->GiveBack();
  EXPECT_TRUE(IsCommittedSoon("other"));
}

TEST_F(FullVolumeTest, OpensAndDeletesWhenNothingIsFree) {
  const int stored = Fill("full");
  TakeTheRest();
  Open();
  ASSERT_NE(storage_, nullptr);
  EXPECT_EQ(store().GetVm("full")->checkpoint_count, stored);
  EXPECT_EQ(store().Delete("full", 1, absl::Now()), absl::OkStatus());
  TakeTheRest();
  EXPECT_EQ(store().DeleteVm("full", ProtectedVersions::kRefuse, absl::Now()), absl::OkStatus());
  volume_->GiveBack();
  EXPECT_TRUE(IsCommittedSoon("other"));
}

// Others take every byte that a deletion makes free, and the process ends meanwhile, both ways.
TEST_F(FullVolumeTest, AgainAndAgain) {
  for (int round = 0; round < 4; ++round) {
    SCOPED_TRACE(round);
    const int stored = Fill("full");
    EXPECT_GT(stored, 10);
    TakeTheRest();
    if (round % 2 == 1) {
      EXPECT_EQ(storage_->Close(), absl::OkStatus());  // what it cannot write into tables is safe in the log
      Open();
      ASSERT_NE(storage_, nullptr);
    }
    for (int version = 1; version <= stored; ++version) {
      EXPECT_EQ(store().Delete("full", version, absl::Now()), absl::OkStatus()) << version;
      if (version % 40 == 0) TakeTheRest();
    }
    EXPECT_EQ(store().DeleteVm("full", ProtectedVersions::kRefuse, absl::Now()), absl::OkStatus());
    // All that was refused has not left the store waiting for a deletion.
    volume_->GiveBack();
    EXPECT_TRUE(IsCommittedSoon("other")) << Commit("other");
    EXPECT_EQ(store().DeleteVm("other", ProtectedVersions::kRefuse, absl::Now()), absl::OkStatus());
  }
}

// Others take what is free again and again, while many push and one deletes.
TEST_F(FullVolumeTest, NoDeletionIsRefused) {
  for (int machine = 1; machine < 1000; ++machine) {
    ASSERT_EQ(storage_->records().Put(RecordKind::kMachine, absl::StrCat(machine), "m"), absl::OkStatus());
  }
  const int stored = Fill("full");
  ASSERT_GT(stored, 32);
  ASSERT_LT(stored, 1000);
  std::atomic<bool> ended = false;
  std::atomic<int> refused = 0;
  std::vector<std::thread> others;
  for (int writer = 0; writer < 8; ++writer) {
    others.emplace_back([&, vm = absl::StrCat("other", writer)] {
      CommitRequest request;
      request.vm = vm;
      request.record.resize(100000);
      for (; !ended; absl::SleepFor(absl::Milliseconds(1))) {
        if (!store().Commit(request).ok()) ++refused;
      }
    });
  }
  others.emplace_back([&] {
    while (!ended) {
      volume_->TakeTheRest();
      absl::SleepFor(absl::Milliseconds(20));
      volume_->GiveBack();
      absl::SleepFor(absl::Milliseconds(20));
    }
  });
  for (int version = 1; version <= stored; ++version) {
    EXPECT_EQ(store().Delete("full", version, absl::Now()), absl::OkStatus()) << version;
    EXPECT_EQ(storage_->records().Delete(RecordKind::kMachine, absl::StrCat(version)), absl::OkStatus()) << version;
    absl::SleepFor(absl::Milliseconds(10));  // meanwhile space is made, and taken
  }
  ended = true;
  for (std::thread& other : others) other.join();
  EXPECT_EQ(store().GetVm("full")->checkpoint_count, 0);
  EXPECT_GT(refused, 0);
}

// When it was opened for the first time there was no space for the whole reserve.
TEST_F(FullVolumeTest, FirstOpenedWithLittleSpace) {
  storage_.reset();
  std::filesystem::remove_all(volume_->data_dir());
  volume_->TakeTheRest(uint64_t{80} << 20);
  Open();
  ASSERT_NE(storage_, nullptr);
  const int stored = Fill("full");
  EXPECT_GT(stored, 10);
  TakeTheRest();
  for (int version = 1; version <= stored; ++version) {
    EXPECT_EQ(store().Delete("full", version, absl::Now()), absl::OkStatus()) << version;
  }
  EXPECT_EQ(store().DeleteVm("full", ProtectedVersions::kRefuse, absl::Now()), absl::OkStatus());
  volume_->GiveBack();
  EXPECT_TRUE(IsCommittedSoon("other")) << Commit("other");
}

// Small records are in tables, which are written anew to be rid of some: that takes space first.
TEST_F(FullVolumeTest, SmallRecordsMakeSpace) {
  record_bytes_ = 3000;
  const int stored = Fill("full");
  EXPECT_GT(stored, 1000);
  for (int version = 1; version <= stored / 2; ++version) {
    ASSERT_EQ(store().Delete("full", version, absl::Now()), absl::OkStatus()) << version;
  }
  EXPECT_TRUE(IsCommittedSoon("other")) << Commit("other");
  EXPECT_GT(Fill("other"), 1000);
  EXPECT_EQ(store().DeleteVm("full", ProtectedVersions::kRefuse, absl::Now()), absl::OkStatus());
  EXPECT_TRUE(IsCommittedSoon("other")) << Commit("other");
}

}  // namespace
}  // namespace armstate
