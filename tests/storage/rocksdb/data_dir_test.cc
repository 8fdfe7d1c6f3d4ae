// A data_dir that is removed or replaced while it is open: nothing is acknowledged into nowhere.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/storage/rocksdb/rocksdb_under_test.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

namespace fs = std::filesystem;

class DataDirTest : public testing::Test {
 protected:
  DataDirTest() { EXPECT_EQ(Commit("first"), absl::OkStatus()); }

  // Why it was not acknowledged.
  absl::Status Commit(const std::string& record) {
    CommitRequest request;
    request.vm = "web";
    request.record = record;
    const absl::StatusOr<CommitResult> result = store().Commit(request);
    if (!result.ok()) return result.status();
    if (const auto* unknown = std::get_if<CommitUnknown>(&*result)) return unknown->cause;
    return std::holds_alternative<Committed>(*result) ? absl::OkStatus() : absl::UnknownError("refused");
  }
  bool IsCommittedSoon() {
    for (const absl::Time deadline = absl::Now() + absl::Minutes(1); absl::Now() < deadline;) {
      if (Commit("again").ok()) return true;
      absl::SleepFor(absl::Milliseconds(10));
    }
    return false;
  }
  CheckpointStore& store() { return under_test_.store(); }
  fs::path data_dir() { return under_test_.data_dir(); }
  fs::path elsewhere() { return under_test_.data_dir() + ".elsewhere"; }

  RocksDbUnderTest under_test_{RocksDbUnderTest::Where::kDisk};
};

class NewDataDirTest : public testing::Test {
 protected:
  fs::path Path(const std::string& name) const { return fs::path(folder_.path()) / name; }
  void Write(const std::string& name, const std::string& text) const { std::ofstream(Path(name)) << text; }
  std::string Read(const std::string& name) const {
    std::string text;
    std::getline(std::ifstream(Path(name)) >> std::ws, text);
    return text;
  }
  std::set<std::string> Names() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_.path())) names.insert(entry.path().filename());
    return names;
  }
  // Refused, and nothing is changed.
  void ExpectRefused(const std::string& why) const {
    const std::set<std::string> before = Names();
    for (const absl::Status& status :
         {RocksDbStorage::Open(folder_.path(), {}).status(), RocksDbStorage::CheckDataDir(folder_.path())}) {
      EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
      EXPECT_TRUE(absl::StrContains(status.message(), folder_.path())) << status;
      EXPECT_TRUE(absl::StrContains(status.message(), why)) << status;
    }
    EXPECT_EQ(Names(), before);
  }

  const TempDir folder_;
};

TEST_F(NewDataDirTest, AFolderOfOthers) {
  // Names that RocksDB, or the reserve, would take for theirs.
  for (const char* name : {"letter.txt", "000005.log", "RESERVE", "LOCK"}) {
    SCOPED_TRACE(name);
    Write(name, "important");
    ExpectRefused(absl::StrCat("it has ", name, " in it"));
    EXPECT_EQ(Read(name), "important");
    fs::remove(Path(name));
  }
  EXPECT_TRUE(RocksDbStorage::Open(folder_.path(), {}).ok()) << "an empty one";
}

TEST_F(NewDataDirTest, ADatabaseOfOthers) {
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* db = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(options, folder_.path(), &db).ok());
  delete db;
  ExpectRefused("database of another program");
}

TEST_F(NewDataDirTest, WhatIsOursIsOpened) {
  // A new volume has this; what somebody puts there later stays.
  fs::create_directory(Path("lost+found"));
  EXPECT_TRUE(RocksDbStorage::Open(folder_.path(), {}).ok());
  Write("letter.txt", "important");
  EXPECT_TRUE(RocksDbStorage::Open(folder_.path(), {}).ok());
  EXPECT_EQ(Read("letter.txt"), "important");
  // As a copy or a restored one.
  fs::remove(Path("armstated.lock"));
  EXPECT_TRUE(RocksDbStorage::Open(folder_.path(), {}).ok());
}

// Somebody who has no lock changes nothing, neither the reserve.
TEST_F(DataDirTest, TheReserveIsOfWhoHasTheLock) {
  const fs::path reserve = data_dir() / "RESERVE";
  for (const absl::Time deadline = absl::Now() + absl::Minutes(1); !fs::exists(reserve) && absl::Now() < deadline;) {
    absl::SleepFor(absl::Milliseconds(10));
  }
  const auto changed = fs::last_write_time(reserve);
  EXPECT_EQ(RocksDbStorage::Open(data_dir(), {}).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(fs::last_write_time(reserve), changed);
}

TEST_F(DataDirTest, MovedAwayAndBack) {
  fs::rename(data_dir(), elsewhere());
  for (int i = 0; i < 3; ++i) {
    const absl::Status status = Commit("nowhere");
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), data_dir().string())) << status;
  }
  EXPECT_EQ(under_test_.storage().records().Put(RecordKind::kMachine, "m", "m").code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(store().Get("web", 1)->record, "first");
  EXPECT_FALSE(fs::exists(data_dir()));
  fs::rename(elsewhere(), data_dir());
  EXPECT_TRUE(IsCommittedSoon());
  EXPECT_EQ(store().Get("web", 1)->record, "first");
}

TEST_F(DataDirTest, Replaced) {
  fs::rename(data_dir(), elsewhere());
  fs::create_directory(data_dir());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Commit("nowhere").code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(absl::StrContains(Commit("nowhere").message(), "was removed or replaced")) << Commit("nowhere");
  EXPECT_TRUE(fs::is_empty(data_dir()));  // no new database in the place of this one
  EXPECT_EQ(store().Get("web", 1)->record, "first");
  // Nor in a copy, which has what the original had, but not what comes.
  fs::remove(data_dir());
  fs::copy(elsewhere(), data_dir());
  EXPECT_EQ(Commit("nowhere").code(), absl::StatusCode::kUnavailable);
  fs::remove_all(data_dir());
  fs::rename(elsewhere(), data_dir());
  EXPECT_TRUE(IsCommittedSoon());
  under_test_.Reopen();
  EXPECT_EQ(store().Get("web", 1)->record, "first");
}

class LiveLogTest : public DataDirTest {
 protected:
  // The one that is written into: it has the highest number.
  fs::path Log() {
    fs::path newest;
    for (const auto& entry : fs::directory_iterator(data_dir())) {
      if (entry.path().extension() == ".log" && entry.path() > newest) newest = entry.path();
    }
    return newest;
  }
};

TEST_F(LiveLogTest, Removed) {
  const fs::path log = Log();
  fs::rename(log, elsewhere());
  absl::Status status = Commit("nowhere");
  EXPECT_FALSE(status.ok());
  EXPECT_TRUE(absl::StrContains(status.message(), log.filename().string())) << status;
  status = Commit("nowhere");
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), log.filename().string())) << status;
  EXPECT_EQ(store().Get("web", 1)->record, "first");
  fs::rename(elsewhere(), log);
  EXPECT_TRUE(IsCommittedSoon());
  EXPECT_EQ(store().Get("web", 1)->record, "first");
}

TEST_F(LiveLogTest, Cut) {
  const fs::path log = Log();
  fs::copy(log, elsewhere());
  fs::resize_file(log, 0);
  const absl::Status status = Commit("nowhere");
  EXPECT_FALSE(status.ok());
  EXPECT_TRUE(absl::StrContains(status.message(), log.filename().string())) << status;
  EXPECT_EQ(store().Get("web", 1)->record, "first");
  EXPECT_FALSE(Commit("nowhere").ok());
  fs::copy_file(elsewhere(), log, fs::copy_options::overwrite_existing);
  EXPECT_TRUE(IsCommittedSoon());
  EXPECT_EQ(store().Get("web", 1)->record, "first");
}

// Tables that are in no list are lost.
TEST_F(LiveLogTest, ListOfTablesRemoved) {
  std::string current;
  ASSERT_TRUE(rocksdb::ReadFileToString(under_test_.env(), data_dir() / "CURRENT", &current).ok());
  current.pop_back();
  const fs::path list = data_dir() / current;
  fs::rename(list, elsewhere());
  EXPECT_FALSE(under_test_.storage().Compact().ok());
  absl::Status status = Commit("nowhere");
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), current)) << status;
  EXPECT_EQ(store().Get("web", 1)->record, "first");
  fs::rename(elsewhere(), list);
  EXPECT_TRUE(IsCommittedSoon());
  EXPECT_EQ(store().Get("web", 1)->record, "first");
}

}  // namespace
}  // namespace armstate
