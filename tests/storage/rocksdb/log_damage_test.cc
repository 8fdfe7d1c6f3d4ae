// Logs and lists of tables that were cut or changed: what was acknowledged is there, or the database does not open.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "tests/storage/rocksdb/database_files.h"

namespace armstate {
namespace {

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
