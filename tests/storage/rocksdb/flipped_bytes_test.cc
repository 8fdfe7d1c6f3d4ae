// A byte of a small database changed: checkpoints are read as they were written, or it is told which one is damaged.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "rocksdb/env.h"
#include "storage/repository/checkpoint_repository.h"
#include "storage/rocksdb/storage.h"

namespace armstate {
namespace {

constexpr uint64_t kFpsr = 0x60200000001000d4;      // 4 bytes
constexpr uint64_t kSctlrEl1 = 0x603000000013c080;  // 8 bytes
constexpr int64_t kVersions = 3;

// Versions 1 to 3: a full copy, and differences to it.
NewCheckpoint Checkpoint(int64_t version) {
  NewCheckpoint checkpoint;
  checkpoint.request_id = absl::StrCat("id", version);
  checkpoint.request_digest = absl::StrCat("digest", version);
  checkpoint.metadata = absl::StrCat("metadata of ", version);
  const std::string values = absl::StrCat("fpsrsctlr_", version, "x");
  checkpoint.vcpus.push_back({0, *RegisterList::Create({kFpsr, kSctlrEl1}, values), "opaque"});
  return checkpoint;
}

using Files = std::map<std::string, std::string>;

void Store(RocksDbStorage& storage, int64_t version) {
  CheckpointRepository repository(storage.checkpoints());
  EXPECT_TRUE(repository.Create("web", Checkpoint(version), absl::nullopt).ok());
}

// The files of a database that a crash left: the newest version is only in the log, the others only in tables, which
// were added to the list of tables one after the other.
Files MakeDatabase() {
  const std::unique_ptr<rocksdb::Env> env(rocksdb::NewMemEnv(rocksdb::Env::Default()));
  StorageOptions options;
  options.env = env.get();
  const auto storage = RocksDbStorage::Open("/data", options).value();
  for (int64_t version = 1; version < kVersions; ++version) Store(*storage, version);
  EXPECT_TRUE(storage->Compact().ok());
  Store(*storage, kVersions);
  Files files;
  std::vector<std::string> names;
  EXPECT_TRUE(env->GetChildren("/data", &names).ok());
  for (const std::string& name : names) {
    if (absl::EndsWith(name, "LOCK") || absl::EndsWith(name, ".lock")) continue;
    EXPECT_TRUE(rocksdb::ReadFileToString(env.get(), "/data/" + name, &files[name]).ok());
  }
  return files;
}

std::string DamagedRecord(const absl::Status& status) {
  const absl::optional<ErrorInfo> info = GetErrorInfo(status);
  if (status.code() != absl::StatusCode::kDataLoss || !info || info->reason != ErrorReason::kRecordDamaged) {
    return absl::StrCat("unexpected: ", status.ToString());
  }
  return info->metadata.at("record");
}

// How many versions were readable; -1 if the database did not open.
int ReadAll(const Files& files) {
  const std::unique_ptr<rocksdb::Env> env(rocksdb::NewMemEnv(rocksdb::Env::Default()));
  EXPECT_TRUE(env->CreateDirIfMissing("/data").ok());
  for (const auto& [name, content] : files) {
    EXPECT_TRUE(rocksdb::WriteStringToFile(env.get(), content, "/data/" + name).ok());
  }
  StorageOptions options;
  options.env = env.get();
  const auto storage = RocksDbStorage::Open("/data", options);
  if (!storage.ok()) {
    EXPECT_EQ(DamagedRecord(storage.status()), "/data");
    return -1;
  }
  CheckpointRepository repository((*storage)->checkpoints());
  int readable = 0;
  for (int64_t version = 1; version <= kVersions; ++version) {
    const absl::StatusOr<StoredCheckpoint> stored = repository.Get("web", version);
    if (!stored.ok()) {
      EXPECT_EQ(DamagedRecord(stored.status()), absl::StrCat("vms/web/checkpoints/", version));
      continue;
    }
    ++readable;
    const NewCheckpoint written = Checkpoint(version);
    EXPECT_EQ(stored->summary.metadata, written.metadata);
    EXPECT_EQ(stored->vcpus[0].registers, written.vcpus[0].registers);
    EXPECT_EQ(stored->vcpus[0].opaque, "opaque");
  }
  return readable;
}

// A part of the bytes: so many parts can run at the same time.
class FlippedBytesTest : public testing::TestWithParam<size_t> {
 protected:
  static constexpr size_t kParts = 16;
};

// Every byte of every file, in turn.
TEST_P(FlippedBytesTest, RightOrDamaged) {
  const Files files = MakeDatabase();
  ASSERT_EQ(ReadAll(files), kVersions);
  std::map<int, int> outcomes;
  for (const auto& [name, content] : files) {
    if (absl::StartsWith(name, "OPTIONS-")) continue;  // below
    // Of the lists of tables and the logs a single bit more: of the types of their records.
    const std::string changes = absl::EndsWith(name, ".sst") ? "\x10" : "\x10\x04";
    for (size_t offset = GetParam(); offset < content.size(); offset += kParts) {
      for (const char change : changes) {
        SCOPED_TRACE(absl::StrCat(name, " ", offset, " ", absl::Hex(change)));
        Files damaged = files;
        damaged[name][offset] ^= change;
        ++outcomes[ReadAll(damaged)];
        if (testing::Test::HasFailure()) return;
      }
    }
  }
  // All are readable, none, some; or the database does not open.
  EXPECT_GT(outcomes[kVersions], 0);
  EXPECT_GT(outcomes[0], 0);
  EXPECT_GT(outcomes[-1], 0);
}

INSTANTIATE_TEST_SUITE_P(Parts, FlippedBytesTest, testing::Range(size_t{0}, size_t{16}));

// RocksDB writes its options down, many bytes of them, and does not read them: so not one after the other.
TEST(FlippedOptionsTest, AllBytesAtOnce) {
  Files files = MakeDatabase();
  int changed = 0;
  for (auto& [name, content] : files) {
    if (!absl::StartsWith(name, "OPTIONS-")) continue;
    for (char& byte : content) byte ^= 0x10;
    ++changed;
  }
  EXPECT_GT(changed, 0);
  EXPECT_EQ(ReadAll(files), kVersions);
}

}  // namespace
}  // namespace armstate
