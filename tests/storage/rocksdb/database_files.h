// This header has what tests need that cut or change the files of a database.
#ifndef ARMSTATE_TESTS_STORAGE_ROCKSDB_DATABASE_FILES_H_
#define ARMSTATE_TESTS_STORAGE_ROCKSDB_DATABASE_FILES_H_

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "rocksdb/convenience.h"
#include "rocksdb/db.h"
#include "rocksdb/utilities/options_util.h"
#include "tests/storage/rocksdb/rocksdb_under_test.h"

namespace armstate {

using Files = std::map<std::string, std::string>;

inline constexpr char kDirectory[] = "/data";

// The files of a database that may be open. Without those that tell how much of a log was on disk, as after a crash of
// the machine, the log may end anywhere.
inline Files CopyFiles(RocksDbUnderTest& from, bool with_synced = false) {
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
inline std::string Noise(uint32_t seed, size_t size) {
  std::mt19937 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

inline void Commit(CheckpointStore& store, const std::string& record, const std::string& request_id = "") {
  CommitRequest request;
  request.vm = "web";
  request.record = record;
  request.request_id = request_id;
  ASSERT_TRUE(store.Commit(request).ok());
}

inline std::string DamagedRecord(const absl::Status& status) {
  const absl::optional<ErrorInfo> info = GetErrorInfo(status);
  if (status.code() != absl::StatusCode::kDataLoss || !info || info->reason != ErrorReason::kRecordDamaged) {
    return absl::StrCat("unexpected: ", status.ToString());
  }
  return info->metadata.at("record");
}

// The name of the one file that has these bytes in it.
inline std::string FileWith(const Files& files, const std::string& bytes) {
  std::string found;
  for (const auto& [name, content] : files) {
    if (!absl::StrContains(content, bytes)) continue;
    EXPECT_EQ(found, "");
    found = name;
  }
  EXPECT_NE(found, "");
  return found;
}

}  // namespace armstate

#endif  // ARMSTATE_TESTS_STORAGE_ROCKSDB_DATABASE_FILES_H_
