// A data_dir that is removed or replaced while it is open: nothing is acknowledged into nowhere.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <variant>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "tests/storage/rocksdb_under_test.h"
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

// Whether files can be made is tried with a name that nobody else has.
TEST(NewDataDirTest, TheFilesOfOthersStay) {
  const TempDir folder;
  std::ofstream(folder.path() + "/probe") << "important";
  ASSERT_TRUE(RocksDbStorage::Open(folder.path(), StorageOptions()).ok());
  std::string text;
  std::ifstream(folder.path() + "/probe") >> text;
  EXPECT_EQ(text, "important");
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
