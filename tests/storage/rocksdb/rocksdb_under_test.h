// RocksDB stores for tests: on disk, and in memory.
#ifndef ARMSTATE_TESTS_STORAGE_ROCKSDB_ROCKSDB_UNDER_TEST_H_
#define ARMSTATE_TESTS_STORAGE_ROCKSDB_ROCKSDB_UNDER_TEST_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "rocksdb/db.h"
#include "rocksdb/env.h"
#include "storage/rocksdb/storage.h"
#include "tests/storage/store_under_test.h"
#include "tests/testing/temp_dir.h"

namespace armstate {

// A RocksDbStorage that can be closed and opened again. In memory it is the same RocksDB over files that are strings.
class RocksDbUnderTest : public StoreUnderTest {
 public:
  enum class Where { kDisk, kMemory };

  explicit RocksDbUnderTest(Where where, uint64_t kept_events = kKeptEvents)
      : env_(where == Where::kMemory ? rocksdb::NewMemEnv(rocksdb::Env::Default()) : nullptr),
        kept_events_(kept_events),
        data_dir_(where == Where::kMemory ? "/data" : disk_.path() + "/data") {
    Open();
  }

  CheckpointStore& store() override { return storage_->checkpoints(); }
  RocksDbStorage& storage() { return *storage_; }
  // The files' place: rocksdb::Env::Default() or the memory.
  rocksdb::Env* env() { return env_ == nullptr ? rocksdb::Env::Default() : env_.get(); }
  const std::string& data_dir() const { return data_dir_; }

  void Close() {
    const absl::Status status = storage_->Close();
    EXPECT_TRUE(status.ok()) << status;
    storage_.reset();
  }
  void Open() {
    StorageOptions options;
    options.env = env_.get();
    options.kept_events = kept_events_;
    absl::StatusOr<std::unique_ptr<RocksDbStorage>> storage = RocksDbStorage::Open(data_dir_, options);
    ASSERT_TRUE(storage.ok()) << storage.status();
    storage_ = *std::move(storage);
  }
  void Reopen() override {
    Close();
    Open();
  }
  // Puts a value into the closed database, as damage or another version of the program would.
  void Put(const std::string& family, const std::string& key, const std::string& value) {
    rocksdb::Options options;
    options.env = env();
    std::vector<std::string> names;
    ASSERT_TRUE(rocksdb::DB::ListColumnFamilies(options, data_dir_, &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const std::string& name : names) families.emplace_back(name, options);
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(options, data_dir_, families, &handles, &db).ok());
    for (rocksdb::ColumnFamilyHandle* handle : handles) {
      if (handle->GetName() == family) EXPECT_TRUE(db->Put(rocksdb::WriteOptions(), handle, key, value).ok());
      delete handle;
    }
    delete db;
  }
  uint64_t kept_events() const override { return kept_events_; }

 private:
  TempDir disk_;
  std::unique_ptr<rocksdb::Env> env_;  // null on disk
  const uint64_t kept_events_;
  std::string data_dir_;
  std::unique_ptr<RocksDbStorage> storage_;
};

}  // namespace armstate

#endif  // ARMSTATE_TESTS_STORAGE_ROCKSDB_ROCKSDB_UNDER_TEST_H_
