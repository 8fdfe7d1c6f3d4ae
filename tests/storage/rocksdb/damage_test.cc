// Files of the database that were cut or changed: what is read is right, or an error that names what is damaged.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "rocksdb/convenience.h"
#include "rocksdb/db.h"
#include "rocksdb/utilities/options_util.h"
#include "tests/storage/delete_up_to.h"
#include "tests/storage/rocksdb/rocksdb_under_test.h"

namespace armstate {
namespace {

using Files = std::map<std::string, std::string>;

constexpr char kDirectory[] = "/data";

// The files of a database that may be open. Without those that tell how much of a log was on disk, as after a crash of
// the machine, the log may end anywhere.
Files CopyFiles(RocksDbUnderTest& from, bool with_synced = false) {
  Files files;
  std::vector<std::string> names;
  EXPECT_TRUE(from.env()->GetChildren(from.data_dir(), &names).ok());
  for (const std::string& name : names) {
    if (absl::EndsWith(name, "LOCK") || absl::EndsWith(name, ".lock")) continue;
    if (absl::EndsWith(name, ".synced") && !with_synced) continue;
    EXPECT_TRUE(rocksdb::ReadFileToString(from.env(), absl::StrCat(from.data_dir(), "/", name), &files[name]).ok())
        << name;
  }
  return files;
}

// A database over these files, in memory.
class Copy {
 public:
  explicit Copy(const Files& files) {
    EXPECT_TRUE(env_->CreateDirIfMissing(kDirectory).ok());
    for (const auto& [name, content] : files) {
      EXPECT_TRUE(rocksdb::WriteStringToFile(env_.get(), content, absl::StrCat(kDirectory, "/", name)).ok()) << name;
    }
    Open();
  }

  // Compacts everything with the database's own options, as RocksDB does in its own time.
  void CompactAll() {
    storage_ = absl::UnknownError("closed");
    rocksdb::ConfigOptions config;
    config.env = env_.get();
    rocksdb::DBOptions options;
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    ASSERT_TRUE(rocksdb::LoadLatestOptions(config, kDirectory, &options, &families).ok());
    options.env = env_.get();
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(options, kDirectory, families, &handles, &db).ok());
    rocksdb::CompactRangeOptions compact;
    compact.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
    for (rocksdb::ColumnFamilyHandle* handle : handles) {
      const rocksdb::Status status = db->CompactRange(compact, handle, nullptr, nullptr);
      EXPECT_TRUE(status.ok()) << handle->GetName() << " " << status.ToString();
      db->DestroyColumnFamilyHandle(handle);
    }
    delete db;
    Open();
  }

  const absl::Status& status() const { return storage_.status(); }
  CheckpointStore& store() { return (*storage_)->checkpoints(); }
  bool HasFile(const std::string& name) const { return env_->FileExists(absl::StrCat(kDirectory, "/", name)).ok(); }
  // What was said while it was opened.
  const std::string& log() const { return log_; }

 private:
  void Open() {
    StorageOptions options;
    options.env = env_.get();
    options.log = [this](absl::string_view line) { absl::StrAppend(&log_, line, "\n"); };
    storage_ = RocksDbStorage::Open(kDirectory, options);
  }

  std::string log_;
  std::unique_ptr<rocksdb::Env> env_{rocksdb::NewMemEnv(rocksdb::Env::Default())};
  absl::StatusOr<std::unique_ptr<RocksDbStorage>> storage_ = absl::UnknownError("not opened");
};

// Bytes that do not compress.
std::string Noise(uint32_t seed, size_t size) {
  std::mt19937 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

void Commit(CheckpointStore& store, const std::string& record, const std::string& request_id = "") {
  CommitRequest request;
  request.vm = "web";
  request.record = record;
  request.request_id = request_id;
  ASSERT_TRUE(store.Commit(request).ok());
}

std::string DamagedRecord(const absl::Status& status) {
  const absl::optional<ErrorInfo> info = GetErrorInfo(status);
  if (status.code() != absl::StatusCode::kDataLoss || !info || info->reason != ErrorReason::kRecordDamaged) {
    return absl::StrCat("unexpected: ", status.ToString());
  }
  return info->metadata.at("record");
}

// The name of the one file that has these bytes in it.
std::string FileWith(const Files& files, const std::string& bytes) {
  std::string found;
  for (const auto& [name, content] : files) {
    if (!absl::StrContains(content, bytes)) continue;
    EXPECT_EQ(found, "");
    found = name;
  }
  EXPECT_NE(found, "");
  return found;
}

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

class DamagedLogTest : public testing::Test {
 protected:
  // Commits whose log was of `size` bytes when they were answered.
  struct Answered {
    size_t size;
    std::string record;
  };

  DamagedLogTest() {
    Commit(original_.store(), Noise(0, 50), "id0");  // 0 is the first of the log that is looked at
    original_.Reopen();
    for (int i = 1; i <= 4; ++i) {
      const std::string record = Noise(i, 50);
      Commit(original_.store(), record, absl::StrCat("id", i));
      files_ = CopyFiles(original_);
      log_ = FileWith(files_, record);
      answered_.push_back({files_[log_].size(), record});
    }
    EXPECT_TRUE(absl::EndsWith(log_, ".log")) << log_;
  }

  // How many of the commits are there: the first ones, all of them, whole, and nothing else.
  size_t CountKept(Copy& copy) {
    const VmInfo info = copy.store().GetVm("web").value();
    const RecordPage page = copy.store().List("web", 1, 10).value();
    EXPECT_EQ(info.last_version, static_cast<int64_t>(page.records.size() + 1));
    EXPECT_EQ(info.checkpoint_count, static_cast<int64_t>(page.records.size() + 1));
    for (size_t i = 0; i < page.records.size(); ++i) {
      EXPECT_EQ(page.records[i].version, static_cast<int64_t>(i + 2));
      EXPECT_EQ(page.records[i].record.value().record, answered_[i].record);
    }
    return page.records.size();
  }

  RocksDbUnderTest original_{RocksDbUnderTest::Where::kMemory};
  Files files_;
  std::string log_;
  std::vector<Answered> answered_;
};

// A part of the places: so many parts can run at the same time, since under ThreadSanitizer all take longer than a test
// may.
class CutLogTest : public DamagedLogTest, public testing::WithParamInterface<size_t> {
 protected:
  static constexpr size_t kParts = 8;
};

INSTANTIATE_TEST_SUITE_P(Parts, CutLogTest, testing::Range(size_t{0}, size_t{8}));

// What a crash leaves: the log ends anywhere. Every commit that was answered before that place is there; one that was
// not is there as a whole or not at all.
TEST_P(CutLogTest, CutAnywhere) {
  for (size_t size = GetParam(); size <= files_[log_].size(); size += kParts) {
    SCOPED_TRACE(size);
    Files files = files_;
    files[log_].resize(size);
    Copy copy(files);
    ASSERT_TRUE(copy.status().ok()) << copy.status();
    size_t answered = 0;
    while (answered < answered_.size() && answered_[answered].size <= size) ++answered;
    EXPECT_EQ(CountKept(copy), answered);
    if (HasFailure()) return;
  }
}

// What was on disk cannot be missing: the process may end, but then the log is there as it was.
TEST_F(DamagedLogTest, NothingThatWasAcknowledgedMayBeMissing) {
  const Files whole = CopyFiles(original_, /*with_synced=*/true);
  ASSERT_TRUE(Copy(whole).status().ok()) << Copy(whole).status();
  std::vector<Files> damaged(4, whole);
  damaged[0].erase(log_);
  damaged[1][log_].clear();
  damaged[2][log_].resize(answered_[2].size);
  damaged[3][log_].replace(answered_[2].size, std::string::npos, whole.at(log_).size() - answered_[2].size, '\0');
  for (const Files& files : damaged) {
    const absl::Status status = Copy(files).status();
    EXPECT_EQ(DamagedRecord(status), kDirectory);
    EXPECT_TRUE(absl::StrContains(status.message(), log_)) << status;
  }
  // Who knows that it is lost can go on.
  Files given_up = damaged[2];
  for (const auto& [name, content] : whole) {
    if (absl::EndsWith(name, ".synced")) given_up.erase(name);
  }
  Copy copy(given_up);
  ASSERT_TRUE(copy.status().ok()) << copy.status();
  EXPECT_EQ(CountKept(copy), 3u);
}

// RocksDB removes a log whose changes are in tables. A crash may come between that and the removal of the file that
// tells of it, either may fail, and what a machine's crash brings back may be anything.
TEST_F(DamagedLogTest, WhatRocksDbHasGivenUpIsNotMissed) {
  const Files before = CopyFiles(original_, /*with_synced=*/true);
  original_.Reopen();  // brings all into tables
  const Files after = CopyFiles(original_, /*with_synced=*/true);
  ASSERT_EQ(after.count(log_), 0u);
  const std::string synced = log_.substr(0, log_.size() - 3) + "synced";
  // Of the log and the list of tables that are in use; a log without changes has none.
  for (const auto& [name, content] : after) {
    if (absl::EndsWith(name, ".synced")) EXPECT_EQ(after.at("CURRENT"), name.substr(0, name.size() - 7) + "\n");
  }
  ASSERT_EQ(before.count(synced), 1u);
  std::vector<Files> left(5, after);
  left[0][synced] = before.at(synced);
  left[1][log_] = before.at(log_);
  left[2][synced] = before.at(synced);
  left[2][log_] = before.at(log_);
  left[3][synced] = before.at(synced);
  left[3][log_] = "";
  left[4][log_] = before.at(log_);
  left[4][log_][10] ^= 1;
  for (size_t i = 0; i < left.size(); ++i) {
    SCOPED_TRACE(i);
    Copy copy(left[i]);
    ASSERT_TRUE(copy.status().ok()) << copy.status();
    EXPECT_EQ(CountKept(copy), 4u);
    Commit(copy.store(), "later");
    EXPECT_FALSE(copy.HasFile(synced));
    EXPECT_FALSE(copy.HasFile(log_));
  }
}

// RocksDB would open with the tables of before, and remove the others.
TEST_F(DamagedLogTest, TheListOfTablesMayNotBeShorter) {
  const Files whole = CopyFiles(original_, /*with_synced=*/true);
  std::string list = whole.at("CURRENT");
  list.pop_back();
  int lost = 0;
  for (size_t size = 0; size < whole.at(list).size(); ++size) {
    Files cut = whole;
    cut[list].resize(size);
    const absl::Status status = Copy(cut).status();
    EXPECT_EQ(DamagedRecord(status), kDirectory) << size;
    EXPECT_TRUE(absl::StrContains(status.message(), list)) << status;
    if (HasFailure()) return;
    ++lost;
  }
  EXPECT_GT(lost, 100);
  Files gone = whole;
  gone.erase(list);
  EXPECT_TRUE(absl::StrContains(Copy(gone).status().message(), list)) << Copy(gone).status();
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

// A change is no crash: the database does not open, rather than lose what was answered. Also where it makes the length
// reach past the end of the log, which looks like a record that a crash cut short, or the type one that RocksDB skips.
TEST_F(DamagedLogTest, ChangedAnywhere) {
  for (size_t offset = 0; offset < files_[log_].size(); ++offset) {
    for (const char change : {'\x01', '\x04', '\x10', '\x80'}) {
      SCOPED_TRACE(absl::StrCat(offset, " ", absl::Hex(change)));
      Files files = files_;
      files[log_][offset] ^= change;
      EXPECT_EQ(DamagedRecord(Copy(files).status()), kDirectory);
      if (HasFailure()) return;
    }
  }
}

// A file system may have made the log longer before it wrote what belongs there.
TEST_F(DamagedLogTest, ZerosAtTheEnd) {
  for (const size_t zeros : {1, 6, 7, 4096, 100000}) {
    SCOPED_TRACE(zeros);
    Files files = files_;
    files[log_].append(zeros, '\0');
    Copy copy(files);
    ASSERT_TRUE(copy.status().ok()) << copy.status();
    EXPECT_EQ(CountKept(copy), answered_.size());
  }
}

// RocksDB skips zeros, and with them what follows in their block.
TEST_F(DamagedLogTest, ZerosBeforeTheEnd) {
  for (size_t record = 0; record + 1 < answered_.size(); ++record) {
    SCOPED_TRACE(record);
    const size_t begin = answered_[record].size;
    const size_t size = answered_[record + 1].size - begin;
    for (const size_t zeros : {size_t{7}, size / 2}) {
      Files files = files_;
      files[log_].replace(begin, zeros, zeros, '\0');
      EXPECT_EQ(DamagedRecord(Copy(files).status()), kDirectory);
    }
  }
}

// Parts of a large record stand in several blocks of 32 KiB.
TEST_F(DamagedLogTest, LargeRecord) {
  const std::string record = Noise(5, 100000);
  const size_t begin = answered_.back().size;
  Commit(original_.store(), record, "id5");
  const std::string log = CopyFiles(original_)[log_];
  for (const size_t size : {begin + 3, size_t{32760}, size_t{32768}, size_t{32772}, size_t{40000}, size_t{65536},
                            size_t{98304 + 7}, log.size() - 1}) {
    SCOPED_TRACE(size);
    Files files = files_;
    files[log_] = log.substr(0, size);
    Copy torn(files);
    ASSERT_TRUE(torn.status().ok()) << torn.status();
    EXPECT_EQ(CountKept(torn), answered_.size());
  }
  // 4 and 5: the length of the part that begins a block; 6: its type.
  for (const size_t offset : {begin + 5, size_t{32768 + 4}, size_t{32768 + 6}, size_t{65536 + 5}, size_t{98304 + 5}}) {
    SCOPED_TRACE(offset);
    Files files = files_;
    files[log_] = log;
    files[log_][offset] ^= 0x40;
    EXPECT_EQ(DamagedRecord(Copy(files).status()), kDirectory);
  }
  answered_.push_back({log.size(), record});
  Files files = files_;
  files[log_] = log;
  Copy whole(files);
  ASSERT_TRUE(whole.status().ok()) << whole.status();
  EXPECT_EQ(CountKept(whole), answered_.size());
}

// Without CURRENT RocksDB would make a new database in place of this one.
TEST_F(DamagedLogTest, ListOfTablesIsMissing) {
  Files files = files_;
  files.erase("CURRENT");
  EXPECT_EQ(DamagedRecord(Copy(files).status()), kDirectory);
  files["CURRENT"] = "MANIFEST-000999\n";
  EXPECT_EQ(DamagedRecord(Copy(files).status()), kDirectory);
}

}  // namespace
}  // namespace armstate
