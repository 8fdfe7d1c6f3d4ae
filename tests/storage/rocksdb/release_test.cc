// Databases that other releases of RocksDB wrote: those of an earlier one are used as our own, those of a later one are
// refused with the reason, and not touched.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/error.h"
#include "rocksdb/env.h"
#include "rocksdb/version.h"
#include "tests/storage/delete_up_to.h"
#include "tests/storage/rocksdb/release_database.h"
#include "tests/testing/zstd_file.h"

namespace armstate {
namespace {

constexpr char kDataDir[] = "/data";

struct Release {
  const char* name;
  int major;
  int minor;
};

class ReleaseTest : public testing::TestWithParam<Release> {
 protected:
  ReleaseTest() {
    const std::string golden = absl::StrCat("tests/data/storage/rocksdb-", GetParam().name);
    EXPECT_TRUE(env_->CreateDirIfMissing(kDataDir).ok());
    std::vector<std::string> names;
    EXPECT_TRUE(rocksdb::Env::Default()->GetChildren(golden, &names).ok());
    for (const std::string& name : names) {
      const std::string path = absl::StrCat(kDataDir, "/", absl::StripSuffix(name, ".zst"));
      const std::string content = ReadZstdFile(absl::StrCat(golden, "/", name));
      EXPECT_TRUE(rocksdb::WriteStringToFile(env_.get(), content, path).ok());
    }
  }

  static bool IsLater() {
    const Release& release = GetParam();
    return release.major > ROCKSDB_MAJOR || (release.major == ROCKSDB_MAJOR && release.minor > ROCKSDB_MINOR);
  }

  absl::Status Open() {
    repository_.reset();
    storage_.reset();
    StorageOptions options;
    options.env = env_.get();
    options.kept_events = kReleaseKeptEvents;
    absl::StatusOr<std::unique_ptr<RocksDbStorage>> storage = RocksDbStorage::Open(kDataDir, options);
    if (!storage.ok()) return storage.status();
    storage_ = *std::move(storage);
    repository_ = std::make_unique<CheckpointRepository>(storage_->checkpoints());
    return absl::OkStatus();
  }

  void ExpectCheckpoint(const std::string& vm, int64_t version) {
    SCOPED_TRACE(absl::StrCat(vm, " ", version));
    const absl::StatusOr<StoredCheckpoint> stored = repository_->Get(vm, version);
    ASSERT_TRUE(stored.ok()) << stored.status();
    const NewCheckpoint written = ReleaseCheckpoint(vm, version);
    EXPECT_EQ(stored->summary.metadata, written.metadata);
    ASSERT_EQ(stored->vcpus.size(), written.vcpus.size());
    for (size_t i = 0; i < written.vcpus.size(); ++i) {
      EXPECT_EQ(stored->vcpus[i].registers, written.vcpus[i].registers);
      EXPECT_EQ(stored->vcpus[i].opaque, written.vcpus[i].opaque);
    }
  }
  bool IsThere(const std::string& vm, int64_t version) {
    const absl::Status status = repository_->Get(vm, version).status();
    EXPECT_TRUE(status.ok() || absl::IsNotFound(status)) << status;
    return status.ok();
  }

  std::map<std::string, std::string> Files() {
    std::map<std::string, std::string> files;
    std::vector<std::string> names;
    EXPECT_TRUE(env_->GetChildren(kDataDir, &names).ok());
    for (const std::string& name : names) {
      if (absl::EndsWith(name, ".lock")) continue;
      EXPECT_TRUE(rocksdb::ReadFileToString(env_.get(), absl::StrCat(kDataDir, "/", name), &files[name]).ok());
    }
    return files;
  }

  const std::unique_ptr<rocksdb::Env> env_{rocksdb::NewMemEnv(rocksdb::Env::Default())};
  std::unique_ptr<RocksDbStorage> storage_;
  std::unique_ptr<CheckpointRepository> repository_;
};

TEST_P(ReleaseTest, IsUsedOrRefused) {
  const std::map<std::string, std::string> files = Files();
  const absl::Status opened = Open();
  if (IsLater()) {
    EXPECT_EQ(opened.code(), absl::StatusCode::kFailedPrecondition) << opened;
    EXPECT_TRUE(absl::StrContains(opened.message(), absl::StrCat("RocksDB ", GetParam().name))) << opened;
    EXPECT_TRUE(absl::StrContains(opened.message(), absl::StrCat(ROCKSDB_MAJOR, ".", ROCKSDB_MINOR))) << opened;
    EXPECT_EQ(GetErrorInfo(opened)->reason, ErrorReason::kStorageUnavailable);
    EXPECT_TRUE(Files() == files);
    return;
  }
  ASSERT_EQ(opened, absl::OkStatus());
  for (int64_t version = 1; version <= kWebVersions; ++version) {
    if (version == kWebDeleted) continue;
    ExpectCheckpoint("web", version);
  }
  for (int64_t version = 1; version <= kDbVersions; ++version) ExpectCheckpoint("db", version);
  EXPECT_FALSE(IsThere("web", kWebDeleted));
  EXPECT_EQ(repository_->GetVm("gone").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(repository_->GetVm("web")->protected_count, 1);
  EXPECT_EQ(storage_->records().Get(RecordKind::kHost, "h1").value(), "host bytes");
  EXPECT_EQ(storage_->records().Get(RecordKind::kMachine, "m1").value(), "machine bytes");
  EXPECT_TRUE(storage_->records().List(RecordKind::kRestoreReport, "", "", 10)->records.empty());
  // A request of before is known.
  EXPECT_TRUE(repository_->Create("web", ReleaseCheckpoint("web", 12), absl::nullopt)->was_retry);

  // Pushes, deletions of checkpoints and of a VM, retention, and so many events that some go.
  CheckpointStore& store = storage_->checkpoints();
  const uint64_t newest = store.events().newest;
  for (int64_t version = 13; version <= 40; ++version) {
    ASSERT_TRUE(repository_->Create("web", ReleaseCheckpoint("web", version), version - 1).ok());
  }
  EXPECT_EQ(store.events().newest, newest + 28);
  EXPECT_GT(store.events().oldest, newest);
  EXPECT_EQ(repository_->Delete("web", kWebProtected).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(repository_->Delete("web", 5), absl::OkStatus());
  EXPECT_EQ(repository_->Delete("web", 40), absl::OkStatus());
  EXPECT_EQ(DeleteUpTo(store, "web", 4, absl::Now()).value(), 2);  // 1 and 4
  EXPECT_EQ(repository_->DeleteVm("db", ProtectedVersions::kRefuse), absl::OkStatus());
  EXPECT_EQ(storage_->records().Delete(RecordKind::kMachine, "m1"), absl::OkStatus());
  ASSERT_TRUE(repository_->Create("db", ReleaseCheckpoint("db", 1), 0).ok());
  ASSERT_TRUE(repository_->SetRetention("web", {20, absl::ZeroDuration(), false}).ok());
  EXPECT_GT(repository_->ApplyRetention("web").value(), 0);
  for (int i = 0; i < 3; ++i) {
    SCOPED_TRACE(i);
    for (int64_t version = 1; version <= 40; ++version) {
      const bool is_kept = version == kWebProtected || (version > 20 && version < 40);
      EXPECT_EQ(IsThere("web", version), is_kept) << version;
      if (is_kept) ExpectCheckpoint("web", version);
    }
    ExpectCheckpoint("db", 1);
    EXPECT_FALSE(IsThere("db", 2));
    EXPECT_EQ(storage_->records().Get(RecordKind::kHost, "h1").value(), "host bytes");
    EXPECT_TRUE(absl::IsNotFound(storage_->records().Get(RecordKind::kMachine, "m1").status()));
    if (i == 0) EXPECT_EQ(storage_->Compact(), absl::OkStatus());
    if (i == 1) ASSERT_EQ(Open(), absl::OkStatus());
  }
}

INSTANTIATE_TEST_SUITE_P(RocksDb, ReleaseTest, testing::Values(Release{"7.8", 7, 8}, Release{"9.10", 9, 10}),
                         [](const auto& info) { return absl::StrCat("V", info.param.major, "_", info.param.minor); });

}  // namespace
}  // namespace armstate
