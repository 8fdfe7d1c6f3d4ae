// RocksDB stores for tests: on disk, and in memory.
#ifndef ARMSTATE_TESTS_STORAGE_ROCKSDB_UNDER_TEST_H_
#define ARMSTATE_TESTS_STORAGE_ROCKSDB_UNDER_TEST_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "rocksdb/env.h"
#include "storage/rocksdb_storage.h"
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
  uint64_t kept_events() const override { return kept_events_; }

 private:
  TempDir disk_;
  std::unique_ptr<rocksdb::Env> env_;  // null on disk
  const uint64_t kept_events_;
  std::string data_dir_;
  std::unique_ptr<RocksDbStorage> storage_;
};

}  // namespace armstate

#endif  // ARMSTATE_TESTS_STORAGE_ROCKSDB_UNDER_TEST_H_
