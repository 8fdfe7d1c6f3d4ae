// Tables and blob files that were changed or are missing: what is read is right, or an error that names what is
// damaged.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "tests/storage/delete_up_to.h"
#include "tests/storage/rocksdb/database_files.h"

namespace armstate {
namespace {

class DamagedRecordTest : public testing::Test {
 protected:
  static constexpr int kVersions = 5;

  DamagedRecordTest() {
    RocksDbUnderTest original(RocksDbUnderTest::Where::kMemory);
    for (int i = 1; i <= kVersions; ++i) {
      records_.push_back(Noise(i, 10000));
      Commit(original.store(), records_.back(), absl::StrCat("id", i));
    }
    original.Reopen();  // so that nothing is in the log
    files_ = CopyFiles(original);
  }

  // Changes a byte in the middle of a record.
  void Damage(int version) {
    std::string& content = files_[FileWith(files_, records_[version - 1])];
    content[content.find(records_[version - 1]) + 5000] ^= 1;
  }

  std::vector<std::string> records_;
  Files files_;
};

TEST_F(DamagedRecordTest, OneDamagedRecordIsNamedAndTheOthersAreReadable) {
  Damage(3);
  Copy copy(files_);
  ASSERT_TRUE(copy.status().ok()) << copy.status();
  for (int i = 1; i <= kVersions; ++i) {
    if (i != 3) EXPECT_EQ(copy.store().Get("web", i)->record, records_[i - 1]) << i;
  }
  EXPECT_EQ(DamagedRecord(copy.store().Get("web", 3).status()), "vms/web/checkpoints/3");

  const RecordPage page = copy.store().List("web", 0, 10).value();
  ASSERT_EQ(page.records.size(), 5u);
  for (int i = 1; i <= kVersions; ++i) {
    EXPECT_EQ(page.records[i - 1].version, i);
    if (i != 3) EXPECT_EQ(page.records[i - 1].record.value().record, records_[i - 1]) << i;
  }
  EXPECT_EQ(DamagedRecord(page.records[2].record.status()), "vms/web/checkpoints/3");
}

TEST_F(DamagedRecordTest, DamagedRecordCanBeDeleted) {
  Damage(3);
  Copy copy(files_);
  ASSERT_TRUE(copy.status().ok()) << copy.status();
  // Its request ID is still known, but not what it stored.
  CommitRequest retry;
  retry.vm = "web";
  retry.request_id = "id3";
  const CommitResult result = copy.store().Commit(retry).value();
  ASSERT_TRUE(std::holds_alternative<Committed>(result));
  EXPECT_EQ(std::get<Committed>(result).version, 3);
  EXPECT_EQ(DamagedRecord(std::get<Committed>(result).earlier_record->status()), "vms/web/checkpoints/3");

  ASSERT_TRUE(copy.store().Delete("web", 5, absl::UnixEpoch()).ok());
  ASSERT_TRUE(copy.store().Delete("web", 4, absl::UnixEpoch()).ok());
  EXPECT_EQ(copy.store().GetVm("web")->latest_kept_version, 3);
  EXPECT_EQ(DamagedRecord(copy.store().GetLatest("web").status()), "vms/web/checkpoints/3");
  EXPECT_EQ(copy.store().Delete("web", 3, absl::UnixEpoch()), absl::OkStatus());
  EXPECT_EQ(copy.store().GetLatest("web")->version, 2);
  EXPECT_EQ(copy.store().GetVm("web")->checkpoint_count, 2);
  retry.record = "again";
  EXPECT_EQ(std::get<Committed>(copy.store().Commit(retry).value()).version, 6);
}

// Nobody knows whether it is the one that is protected; who removes it anyway has decided.
TEST_F(DamagedRecordTest, DamagedRecordOfAVmWithProtectedOnes) {
  RocksDbUnderTest original(RocksDbUnderTest::Where::kMemory);
  for (int i = 1; i <= kVersions; ++i) Commit(original.store(), records_[i - 1]);
  ASSERT_TRUE(original.store().SetProtected("web", 3, true).ok());
  original.Reopen();
  files_ = CopyFiles(original);
  Damage(3);
  Copy copy(files_);
  const absl::Status refused = copy.store().DeleteVm("web", ProtectedVersions::kRefuse, absl::UnixEpoch());
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition) << refused;
  EXPECT_EQ(GetErrorInfo(refused)->metadata.at("name"), "vms/web/checkpoints/3");
  EXPECT_EQ(GetErrorInfo(refused)->metadata.at("protected"), "1");
  EXPECT_EQ(copy.store().Delete("web", 3, absl::UnixEpoch()), absl::OkStatus());
  EXPECT_EQ(copy.store().DeleteVm("web", ProtectedVersions::kRefuse, absl::UnixEpoch()), absl::OkStatus());
}

TEST_F(DamagedRecordTest, CountsStayPossible) {
  RocksDbUnderTest original(RocksDbUnderTest::Where::kMemory);
  Commit(original.store(), records_[0]);
  ASSERT_TRUE(original.store().SetProtected("web", 1, true).ok());
  original.Reopen();
  files_ = CopyFiles(original);
  Damage(1);
  Copy copy(files_);
  EXPECT_EQ(DeleteUpTo(copy.store(), "web", 1, absl::UnixEpoch()).value(), 1);
  EXPECT_EQ(copy.store().GetVm("web")->checkpoint_count, 0);
  EXPECT_EQ(copy.store().GetVm("web")->protected_count, 0);
  EXPECT_EQ(copy.store().GetVm("web")->raw_bytes, 0);
}

TEST_F(DamagedRecordTest, DeleteRemovesDamagedRecordsToo) {
  Damage(2);
  Copy copy(files_);
  EXPECT_EQ(DeleteUpTo(copy.store(), "web", 3, absl::UnixEpoch()).value(), 3);
  EXPECT_EQ(copy.store().GetVm("web")->checkpoint_count, 2);
  EXPECT_EQ(copy.store().GetLatest("web")->record, records_[4]);
}

// RocksDB takes no writes after a compaction failed, so a damaged record must not be in its way.
TEST_F(DamagedRecordTest, CompactionGoesOnBesideADamagedRecord) {
  Damage(3);
  Copy copy(files_);
  ASSERT_TRUE(copy.status().ok()) << copy.status();
  ASSERT_TRUE(copy.store().Delete("web", 2, absl::UnixEpoch()).ok());
  copy.CompactAll();
  EXPECT_EQ(DamagedRecord(copy.store().Get("web", 3).status()), "vms/web/checkpoints/3");
  for (const int i : {1, 4, 5}) EXPECT_EQ(copy.store().Get("web", i)->record, records_[i - 1]) << i;
  Commit(copy.store(), "sixth");
  EXPECT_EQ(copy.store().Get("web", 6)->record, "sixth");
}

// Changes all over the files: of records, keys, indexes, filters, properties and footers.
TEST_F(DamagedRecordTest, ChangedBytesNeverGiveAWrongRecord) {
  int readable = 0;
  int unreadable = 0;
  for (const auto& [name, content] : files_) {
    const bool is_blob_file = absl::EndsWith(name, ".blob");
    if (!is_blob_file && !absl::EndsWith(name, ".sst")) continue;
    for (size_t offset = 0; offset < content.size(); offset += is_blob_file ? 997 : 23) {
      SCOPED_TRACE(absl::StrCat(name, " ", offset));
      Files files = files_;
      files[name][offset] ^= 0x10;
      Copy copy(files);
      if (!copy.status().ok()) {
        EXPECT_EQ(DamagedRecord(copy.status()), kDirectory);
        // The damaged file is named, and no other, and what to do.
        EXPECT_TRUE(absl::StrContains(copy.status().message(), name)) << copy.status();
        EXPECT_FALSE(absl::StrContains(copy.status().message(), "MANIFEST")) << copy.status();
        EXPECT_TRUE(absl::StrContains(copy.status().message(), "Restore a backup with")) << copy.status();
        if (HasFailure()) return;
        continue;
      }
      for (int i = 1; i <= kVersions; ++i) {
        const absl::StatusOr<StoredRecord> record = copy.store().Get("web", i);
        if (record.ok()) {
          EXPECT_TRUE(record->record == records_[i - 1]);
          ++readable;
        } else {
          EXPECT_EQ(DamagedRecord(record.status()), absl::StrCat("vms/web/checkpoints/", i));
          ++unreadable;
        }
      }
    }
  }
  EXPECT_GT(readable, 0);
  EXPECT_GT(unreadable, 0);
}

TEST_F(DamagedRecordTest, AMissingTableIsNamed) {
  for (const auto& [name, content] : files_) {
    if (!absl::EndsWith(name, ".sst")) continue;
    Files files = files_;
    files.erase(name);
    const absl::Status status = Copy(files).status();
    EXPECT_EQ(DamagedRecord(status), kDirectory);
    EXPECT_TRUE(absl::StrContains(status.message(), name)) << status;
  }
}

TEST_F(DamagedRecordTest, AMissingBlobFileIsNamed) {
  const std::string blob = FileWith(files_, records_[2]);
  files_.erase(blob);
  Copy copy(files_);
  ASSERT_TRUE(copy.status().ok()) << copy.status();
  EXPECT_TRUE(absl::StrContains(copy.log(), blob)) << copy.log();
  const absl::Status status = copy.store().Get("web", 3).status();
  EXPECT_EQ(DamagedRecord(status), "vms/web/checkpoints/3");
  EXPECT_TRUE(absl::StrContains(status.message(), blob)) << status;
  const RecordPage page = copy.store().List("web", 0, 10).value();
  ASSERT_EQ(page.records.size(), 5u);
  EXPECT_EQ(DamagedRecord(page.records[2].record.status()), "vms/web/checkpoints/3");
  Commit(copy.store(), "sixth");
  EXPECT_EQ(copy.store().Get("web", 6)->record, "sixth");
}

}  // namespace
}  // namespace armstate
