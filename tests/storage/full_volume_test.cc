// A real file system of 160 MB that runs full: what is deleted is deleted, and makes space again.
#include <errno.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "storage/rocksdb_storage.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

// A tmpfs that only this process sees, and that goes with it.
absl::Status MountSmall(const std::string& folder) {
  const uid_t user = getuid();
  if (unshare(CLONE_NEWNS) != 0) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return absl::ErrnoToStatus(errno, "unshare");
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream("/proc/self/uid_map") << "0 " << user << " 1";
  }
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return absl::ErrnoToStatus(errno, "private /");
  if (mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=160m") != 0) return absl::ErrnoToStatus(errno, "mount");
  return absl::OkStatus();
}

class FullVolumeTest : public testing::Test {
 protected:
  static constexpr size_t kRecordBytes = 200000;

  static void SetUpTestSuite() {
    folder_ = new TempDir;
    const absl::Status status = MountSmall(folder_->path());
    ASSERT_TRUE(status.ok()) << status;
  }
  static void TearDownTestSuite() {
    EXPECT_EQ(umount(folder_->path().c_str()), 0) << strerror(errno);
    delete folder_;
  }

  void SetUp() override { Open(); }
  void TearDown() override {
    storage_.reset();
    std::filesystem::remove_all(DataDir());
    std::filesystem::remove(Filler());
  }

  static std::string DataDir() { return folder_->path() + "/data"; }
  static std::string Filler() { return folder_->path() + "/filler"; }
  static uint64_t Free() {
    struct statvfs found;
    return statvfs(folder_->path().c_str(), &found) == 0 ? found.f_bavail * found.f_frsize : 0;
  }

  void Open() {
    storage_.reset();
    absl::StatusOr<std::unique_ptr<RocksDbStorage>> storage = RocksDbStorage::Open(DataDir(), {});
    ASSERT_TRUE(storage.ok()) << storage.status();
    storage_ = *std::move(storage);
  }
  CheckpointStore& store() { return storage_->checkpoints(); }

  absl::Status Commit(const std::string& vm) {
    CommitRequest request;
    request.vm = vm;
    request.record.resize(kRecordBytes);
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
  // As another program may do it: to the last byte.
  static void TakeTheRest() {
    std::ofstream file(Filler(), std::ios::binary | std::ios::app);
    const std::string block(4096, 'x');
    while (file.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
    EXPECT_LT(Free(), block.size());
  }

  static TempDir* folder_;
  std::mt19937 random_{1};
  std::unique_ptr<RocksDbStorage> storage_;
};

TempDir* FullVolumeTest::folder_ = nullptr;

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
  std::filesystem::remove(Filler());
  EXPECT_TRUE(IsCommittedSoon("other"));
}

TEST_F(FullVolumeTest, OpensAndDeletesWhenNothingIsFree) {
  const int stored = Fill("full");
  TakeTheRest();
  Open();
  ASSERT_NE(storage_, nullptr);
  EXPECT_EQ(store().Last("full")->checkpoint_count, stored);
  EXPECT_EQ(store().Delete("full", 1, absl::Now()), absl::OkStatus());
  TakeTheRest();
  EXPECT_EQ(store().DeleteVm("full", ProtectedVersions::kRefuse, absl::Now()), absl::OkStatus());
  std::filesystem::remove(Filler());
  EXPECT_TRUE(IsCommittedSoon("other"));
}

}  // namespace
}  // namespace armstate
