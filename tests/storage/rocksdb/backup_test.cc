#include "storage/backup.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "storage/repository/checkpoint_repository.h"
#include "storage/rocksdb/storage.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

constexpr uint64_t kSctlrEl1 = 0x603000000013c080;  // 8 bytes

class BackupTest : public testing::Test {
 protected:
  BackupTest() { storage_ = RocksDbStorage::Open(Path("data"), {}).value(); }

  std::string Path(const std::string& name) const { return directory_.path() + "/" + name; }

  // A checkpoint that takes `noise` bytes.
  void Create(const std::string& metadata, size_t noise = 0) {
    NewCheckpoint checkpoint;
    checkpoint.request_id = "id of " + metadata;
    checkpoint.metadata = metadata;
    std::string opaque(noise, '\0');
    for (char& byte : opaque) byte = static_cast<char>(random_());
    checkpoint.vcpus.push_back({0, *RegisterList::Create({kSctlrEl1}, "ssssssss"), opaque});
    ASSERT_TRUE(CheckpointRepository(storage_->checkpoints()).Create("web", std::move(checkpoint), absl::nullopt).ok());
  }

  // The metadata of all versions of a database.
  static std::string Versions(const std::string& data_dir) {
    const absl::StatusOr<std::unique_ptr<RocksDbStorage>> storage = RocksDbStorage::Open(data_dir, {});
    if (!storage.ok()) return storage.status().ToString();
    const CheckpointPage page = CheckpointRepository((*storage)->checkpoints()).List("web", 0, 100).value();
    std::string text;
    for (const ListedCheckpoint& listed : page.checkpoints) {
      absl::StrAppend(&text, text.empty() ? "" : " ", listed.summary->metadata);
    }
    return text;
  }

  // Of all files under a folder.
  static uint64_t BytesIn(const std::string& path) {
    uint64_t bytes = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
      if (entry.is_regular_file()) bytes += entry.file_size();
    }
    return bytes;
  }

  TempDir directory_;
  std::mt19937 random_{1};
  std::unique_ptr<RocksDbStorage> storage_;
};

TEST_F(BackupTest, EachBackupIsTheDatabaseOfItsTime) {
  Create("first");
  EXPECT_EQ(storage_->CreateBackup(Path("backup"))->number, 1u);
  Create("second");
  EXPECT_EQ(storage_->CreateBackup(Path("backup"))->number, 2u);
  Create("third");
  const std::vector<Backup> backups = ListBackups(Path("backup")).value();
  ASSERT_EQ(backups.size(), 2u);
  EXPECT_EQ(backups[0].number, 1u);
  EXPECT_EQ(backups[1].number, 2u);
  EXPECT_GT(backups[1].bytes, 0u);
  ASSERT_EQ(RestoreBackup(Path("backup"), 1, Path("one")), absl::OkStatus());
  ASSERT_EQ(RestoreBackup(Path("backup"), 2, Path("two")), absl::OkStatus());
  EXPECT_EQ(Versions(Path("one")), "first");
  EXPECT_EQ(Versions(Path("two")), "first second");
  EXPECT_FALSE(std::filesystem::exists(Path("two.restoring")));
  // The database itself goes on.
  Create("fourth");
  EXPECT_EQ(storage_->checkpoints().GetVm("web")->last_version, 4);
}

// Events of a restored database get numbers that others have had before it.
TEST_F(BackupTest, RestoredLogOfEventsIsAnotherOne) {
  const auto log_id = [this](const std::string& name) {
    return RocksDbStorage::Open(Path(name), {}).value()->checkpoints().events().log_id;
  };
  Create("first");
  ASSERT_TRUE(storage_->CreateBackup(Path("backup")).ok());
  const uint64_t original = storage_->checkpoints().events().log_id;
  ASSERT_EQ(RestoreBackup(Path("backup"), 1, Path("one")), absl::OkStatus());
  ASSERT_EQ(RestoreBackup(Path("backup"), 1, Path("two")), absl::OkStatus());
  const uint64_t one = log_id("one");
  EXPECT_NE(one, original);
  EXPECT_NE(one, log_id("two"));
  EXPECT_NE(log_id("two"), original);
  EXPECT_EQ(log_id("one"), one);
  EXPECT_FALSE(std::filesystem::exists(Path("one/RESTORED")));
  ASSERT_TRUE(RocksDbStorage::Open(Path("one"), {}).value()->CreateBackup(Path("backup")).ok());
  ASSERT_EQ(RestoreBackup(Path("backup"), 2, Path("three")), absl::OkStatus());
  EXPECT_NE(log_id("three"), one);
  EXPECT_EQ(storage_->checkpoints().events().log_id, original);
}

TEST_F(BackupTest, OnlyWhatIsNewIsCopied) {
  Create("large", 1 << 20);
  ASSERT_TRUE(storage_->Compact().ok());
  ASSERT_TRUE(storage_->Close().ok());
  storage_ = RocksDbStorage::Open(Path("data"), {}).value();
  ASSERT_TRUE(storage_->CreateBackup(Path("backup")).ok());
  const uint64_t before = BytesIn(Path("backup"));
  EXPECT_GT(before, 1u << 20);
  Create("small");
  const Backup second = storage_->CreateBackup(Path("backup")).value();
  EXPECT_LT(BytesIn(Path("backup")) - before, 200u << 10);
  EXPECT_GT(second.bytes, 1u << 20);
  storage_.reset();
  std::filesystem::remove_all(Path("data"));
  ASSERT_EQ(RestoreBackup(Path("backup"), 2, Path("data")), absl::OkStatus());
  EXPECT_EQ(Versions(Path("data")), "large small");
}

TEST_F(BackupTest, NothingIsRestoredOver) {
  Create("first");
  ASSERT_TRUE(storage_->CreateBackup(Path("backup")).ok());
  const absl::Status in_use = RestoreBackup(Path("backup"), 1, Path("data"));
  EXPECT_EQ(in_use.code(), absl::StatusCode::kFailedPrecondition) << in_use;
  EXPECT_TRUE(absl::StrContains(in_use.message(), Path("data") + " is not empty")) << in_use;
  EXPECT_EQ(GetErrorInfo(in_use)->reason, ErrorReason::kStorageUnavailable);
  std::filesystem::create_directory(Path("other"));
  std::ofstream(Path("other/file")) << "somebody's";
  EXPECT_EQ(RestoreBackup(Path("backup"), 1, Path("other")).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(std::filesystem::exists(Path("other/file")));
  std::filesystem::remove(Path("other/file"));
  EXPECT_EQ(RestoreBackup(Path("backup"), 1, Path("other")), absl::OkStatus());
  EXPECT_EQ(Versions(Path("other")), "first");
}

TEST_F(BackupTest, NoSuchBackup) {
  EXPECT_TRUE(ListBackups(Path("nothing"))->empty());
  Create("first");
  ASSERT_TRUE(storage_->CreateBackup(Path("backup")).ok());
  for (const absl::Status& status :
       {VerifyBackup(Path("backup"), 7), RestoreBackup(Path("backup"), 7, Path("restored"))}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), "no backup 7")) << status;
    EXPECT_EQ(GetErrorInfo(status)->reason, ErrorReason::kBackupNotFound);
    EXPECT_EQ(GetErrorInfo(status)->metadata.at("name"), "backups/7");
  }
  EXPECT_FALSE(std::filesystem::exists(Path("restored")));
}

TEST_F(BackupTest, ACancelledBackupIsNone) {
  Create("large", 9 << 20);
  ASSERT_TRUE(storage_->Compact().ok());
  for (int stop_at : {1, 2}) {
    int asked = 0;
    const absl::Status status = storage_->CreateBackup(Path("backup"), [&] { return ++asked >= stop_at; }).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kCancelled) << status;
    EXPECT_TRUE(ListBackups(Path("backup"))->empty());
  }
  // The next one is whole.
  const Backup backup = storage_->CreateBackup(Path("backup")).value();
  EXPECT_EQ(ListBackups(Path("backup"))->size(), 1u);
  ASSERT_EQ(RestoreBackup(Path("backup"), backup.number, Path("restored")), absl::OkStatus());
  EXPECT_EQ(Versions(Path("restored")), "large");
}

TEST_F(BackupTest, ARestoreTellsHowFarItIs) {
  Create("large", 9 << 20);
  ASSERT_TRUE(storage_->Compact().ok());
  const Backup backup = storage_->CreateBackup(Path("backup")).value();
  std::vector<uint64_t> told;
  const auto progress = [&](uint64_t bytes, uint64_t all) {
    EXPECT_EQ(all, backup.bytes);
    told.push_back(bytes);
  };
  ASSERT_EQ(RestoreBackup(Path("backup"), 1, Path("restored"), progress), absl::OkStatus());
  ASSERT_GE(told.size(), 3u);
  EXPECT_EQ(told.front(), 0u);
  EXPECT_TRUE(std::is_sorted(told.begin(), told.end()));
  EXPECT_EQ(told.back(), backup.bytes);
}

TEST_F(BackupTest, StatisticsCountWhatIsOnDisk) {
  Create("first", 10000);
  const StorageStatistics statistics = storage_->statistics();
  // One commit, in the log.
  EXPECT_EQ(statistics.rocksdb.at("rocksdb.wal.file.sync.micros.count"), statistics.rocksdb.at("rocksdb.wal.synced"));
  EXPECT_GE(statistics.rocksdb.at("rocksdb.wal.synced"), 1);
  // Without the reserve for deletions, which holds no data.
  const std::string reserve = Path("data") + "/RESERVE";
  const uint64_t reserved = std::filesystem::exists(reserve) ? std::filesystem::file_size(reserve) : 0;
  EXPECT_EQ(statistics.disk_bytes, BytesIn(Path("data")) - reserved);
  EXPECT_GT(statistics.disk_bytes, 10000u);
  for (const auto& [name, value] : statistics.rocksdb) EXPECT_NE(value, 0) << name;
}

// The copy of a damaged table is as it was copied, but no backup.
TEST_F(BackupTest, ADamagedTableIsNotBackedUp) {
  for (int i = 0; i < 200; ++i) Create(absl::StrCat(i), 3000);
  ASSERT_TRUE(storage_->Compact().ok());
  storage_.reset();
  std::string table;
  for (const auto& entry : std::filesystem::directory_iterator(Path("data"))) {
    if (entry.path().extension() == ".sst" && entry.file_size() > 400000) table = entry.path().string();
  }
  ASSERT_FALSE(table.empty());
  std::fstream file(table, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(1000);
  const char original = static_cast<char>(file.get());
  file.seekp(1000);
  file.put(static_cast<char>(original ^ 1));
  file.flush();
  storage_ = RocksDbStorage::Open(Path("data"), {}).value();
  const absl::Status status = storage_->CreateBackup(Path("backup")).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  const std::string name = std::filesystem::path(table).filename().string();
  EXPECT_TRUE(absl::StrContains(status.message(), absl::StrCat("own table ", name))) << status;
  EXPECT_TRUE(ListBackups(Path("backup"))->empty());
}

// A byte of each file of the backup, one after the other.
TEST_F(BackupTest, DamagedBackupIsNotRestored) {
  Create("first", 10000);
  ASSERT_TRUE(storage_->CreateBackup(Path("backup")).ok());
  ASSERT_EQ(VerifyBackup(Path("backup"), 1), absl::OkStatus());
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(Path("backup"))) {
    const std::string path = entry.path().string();
    if (entry.is_regular_file() && entry.file_size() > 0 && !absl::StrContains(path, "/meta/")) files.push_back(path);
  }
  EXPECT_GE(files.size(), 3u);
  for (const std::string& path : files) {
    SCOPED_TRACE(path);
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    const char original = static_cast<char>(file.get());
    file.seekp(0);
    file.put(static_cast<char>(original ^ 1));
    file.flush();
    const absl::Status status = RestoreBackup(Path("backup"), 1, Path("restored"));
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
    EXPECT_EQ(GetErrorInfo(status)->metadata.at("record"), "backups/1");
    EXPECT_FALSE(std::filesystem::exists(Path("restored")));
    file.seekp(0);
    file.put(original);
  }
  EXPECT_EQ(VerifyBackup(Path("backup"), 1), absl::OkStatus());
}

}  // namespace
}  // namespace armstate
