#include "storage/rocksdb/storage.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/match.h"
#include "core/error.h"
#include "rocksdb/db.h"
#include "storage/memory_only_reads.h"
#include "tests/storage/rocksdb/log_file_system.h"
#include "tests/storage/rocksdb/rocksdb_under_test.h"

namespace armstate {
namespace {

CommitRequest Request(const std::string& record, const std::string& request_id = "") {
  CommitRequest request;
  request.vm = "web";
  request.record = record;
  request.request_id = request_id;
  return request;
}

ErrorReason ReasonOf(const absl::Status& status) { return GetErrorInfo(status).value_or(ErrorInfo()).reason; }

TEST(RocksDbStorageTest, SecondOpenSaysWhoIsInTheWay) {
  RocksDbUnderTest first(RocksDbUnderTest::Where::kDisk);
  const absl::Status second = RocksDbStorage::Open(first.data_dir(), {}).status();
  EXPECT_EQ(second.code(), absl::StatusCode::kFailedPrecondition) << second;
  EXPECT_TRUE(absl::StrContains(second.message(), "another armstated uses this data_dir: " + first.data_dir()))
      << second;
  // Neither is the first disturbed, nor is the lock left behind.
  EXPECT_TRUE(first.store().Commit(Request("r")).ok());
  first.Reopen();
  EXPECT_EQ(first.store().Get("web", 1)->record, "r");
}

// A lock of another process is another case for the file system than one of our own.
TEST(RocksDbStorageTest, SecondProcessIsRefused) {
  RocksDbUnderTest first(RocksDbUnderTest::Where::kDisk);
  const pid_t child = fork();
  ASSERT_NE(child, -1);
  if (child == 0) {
    const absl::Status second = RocksDbStorage::Open(first.data_dir(), {}).status();
    _exit(absl::StrContains(second.message(), "another armstated uses this data_dir") ? 7 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

TEST(RocksDbStorageTest, MemoryOnlyReadsDoNotReadFromDisk) {
  RocksDbUnderTest under_test(RocksDbUnderTest::Where::kDisk);
  ASSERT_TRUE(under_test.store().Commit(Request("r")).ok());
  const auto read = [&] { return under_test.store().Get("web", 1); };
  const auto read_memory = [&] {
    const MemoryOnlyReads no_disk;
    return read();
  };
  EXPECT_EQ(read_memory()->record, "r");
  under_test.Reopen();
  EXPECT_FALSE(read_memory().ok());
  EXPECT_EQ(read()->record, "r");
  EXPECT_EQ(read_memory()->record, "r") << "it is in memory again";
}

// 24 MB of several VMs, in two column families.
TEST(RocksDbStorageTest, WhatIsInMemoryAloneIsLimited) {
  for (const size_t limit : {size_t{192} << 20, size_t{8} << 20}) {
    const std::unique_ptr<rocksdb::Env> env(rocksdb::NewMemEnv(rocksdb::Env::Default()));
    StorageOptions options;
    options.env = env.get();
    options.memtable_bytes = limit;
    const std::unique_ptr<RocksDbStorage> storage = RocksDbStorage::Open("/data", options).value();
    for (int i = 0; i < 24; ++i) {
      ASSERT_TRUE(storage->checkpoints().Commit(Request(std::string(size_t{1} << 19, 'c'))).ok());
      ASSERT_TRUE(storage->records().Put(RecordKind::kCpuProfile, absl::StrCat(i), std::string(1 << 19, 'p')).ok());
    }
    EXPECT_EQ(storage->statistics().rocksdb["rocksdb.flush.write.bytes"] > 0, limit < size_t{24} << 20) << limit;
  }
}

TEST(RocksDbStorageTest, DirectoryThatCannotBeMade) {
  const absl::Status status = RocksDbStorage::Open("/dev/null/data", {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_EQ(ReasonOf(status), ErrorReason::kStorageUnavailable);
  EXPECT_TRUE(absl::StrContains(status.message(), "/dev/null/data")) << status;
}

// Reads are from tables and blob files: what is read is always what stands there now.
TEST(RocksDbStorageTest, WhatWasReadIsNotReadWhenItIsGone) {
  RocksDbUnderTest under_test(RocksDbUnderTest::Where::kMemory);
  // Small ones are in tables, large ones in blob files.
  for (const size_t bytes : {size_t{100}, size_t{100000}}) {
    for (const char content : {'a', 'b', 'c'}) {
      CheckpointStore& store = under_test.store();
      const std::string record(bytes, content);
      ASSERT_TRUE(store.Commit(Request(record)).ok());
      ASSERT_TRUE(store.Commit(Request(record + "2")).ok());
      ASSERT_TRUE(under_test.storage().Compact().ok());
      for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(store.Get("web", 1)->record, record);
        EXPECT_EQ(store.Get("web", 2)->record, record + "2");
      }
      ASSERT_TRUE(store.SetProtected("web", 1, true).ok());
      EXPECT_TRUE(store.Get("web", 1)->is_protected);
      ASSERT_TRUE(store.Delete("web", 2, absl::UnixEpoch()).ok());
      EXPECT_TRUE(absl::IsNotFound(store.Get("web", 2).status()));
      ASSERT_TRUE(store.DeleteVm("web", ProtectedVersions::kDelete, absl::UnixEpoch()).ok());
      EXPECT_TRUE(absl::IsNotFound(store.Get("web", 1).status()));
      if (content == 'b') under_test.Reopen();  // the deletion is in a table now
      EXPECT_TRUE(absl::IsNotFound(under_test.store().Get("web", 1).status()));
    }
  }
  // RocksDB supports no row cache where ranges are deleted: each of these reads would count as a hit or a miss of it.
  std::map<std::string, int64_t> counters = under_test.storage().statistics().rocksdb;
  EXPECT_GT(counters["rocksdb.memtable.miss"], 0);
  EXPECT_EQ(counters["rocksdb.row.cache.hit"] + counters["rocksdb.row.cache.miss"], 0);
}

TEST(RocksDbStorageTest, AnotherFormatIsRefused) {
  RocksDbUnderTest under_test(RocksDbUnderTest::Where::kMemory);
  under_test.Close();
  // Format 5: CRC32C of the rest (made by another program), 1, 5 as u32.
  under_test.Put(rocksdb::kDefaultColumnFamilyName, "format", std::string("\xd2\x82\x04\xdb\x01\x05\0\0\0", 9));
  StorageOptions options;
  options.env = under_test.env();
  const absl::Status status = RocksDbStorage::Open(under_test.data_dir(), options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_TRUE(absl::StrContains(status.message(),
                                "another version of armstated wrote /data: its format is 5, but this one reads only 1"))
      << status;
}

TEST(RocksDbStorageTest, DamagedFormatIsRefused) {
  RocksDbUnderTest under_test(RocksDbUnderTest::Where::kMemory);
  under_test.Close();
  under_test.Put(rocksdb::kDefaultColumnFamilyName, "format", "no value");
  StorageOptions options;
  options.env = under_test.env();
  const absl::Status status = RocksDbStorage::Open(under_test.data_dir(), options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_EQ(GetErrorInfo(status)->metadata.at("record"), "/data");
}

// A later version of this format may have more column families.
TEST(RocksDbStorageTest, DatabaseWithFewerKindsIsOpened) {
  const std::unique_ptr<rocksdb::Env> env(rocksdb::NewMemEnv(rocksdb::Env::Default()));
  rocksdb::Options options;
  options.env = env.get();
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const char* name : {"default", "vms", "checkpoints", "layouts", "machines"}) {
    families.emplace_back(name, options);
  }
  ASSERT_TRUE(env->CreateDirIfMissing("/data").ok());
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(options, "/data", families, &handles, &db).ok());
  // The golden bytes of rocksdb_values_test: format 1, and "abc".
  ASSERT_TRUE(db->Put(rocksdb::WriteOptions(), "format", std::string("\x21\xb3\x26\xa0\x01\x01\0\0\0", 9)).ok());
  ASSERT_TRUE(db->Put(rocksdb::WriteOptions(), handles[4], "m", "\xb2\x7d\x0d\xc3\x01\x61\x62\x63").ok());
  for (rocksdb::ColumnFamilyHandle* handle : handles) delete handle;
  delete db;

  StorageOptions storage_options;
  storage_options.env = env.get();
  const absl::StatusOr<std::unique_ptr<RocksDbStorage>> storage = RocksDbStorage::Open("/data", storage_options);
  ASSERT_TRUE(storage.ok()) << storage.status();
  RecordStore& records = (*storage)->records();
  EXPECT_EQ(records.Get(RecordKind::kMachine, "m").value(), "abc");
  EXPECT_TRUE(records.List(RecordKind::kHost, "", "", 1).value().records.empty());
  EXPECT_TRUE(records.Put(RecordKind::kHost, "h", "host").ok());
}

TEST(RocksDbStorageTest, UnknownColumnFamilyIsRefused) {
  RocksDbUnderTest under_test(RocksDbUnderTest::Where::kMemory);
  under_test.Close();
  rocksdb::Options options;
  options.env = under_test.env();
  std::vector<std::string> names;
  ASSERT_TRUE(rocksdb::DB::ListColumnFamilies(options, under_test.data_dir(), &names).ok());
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : names) families.emplace_back(name, options);
  families.emplace_back("of the future", options);
  options.create_missing_column_families = true;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(options, under_test.data_dir(), families, &handles, &db).ok());
  for (rocksdb::ColumnFamilyHandle* handle : handles) delete handle;
  delete db;

  StorageOptions storage_options;
  storage_options.env = under_test.env();
  const absl::Status status = RocksDbStorage::Open(under_test.data_dir(), storage_options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), "of the future")) << status;
}

TEST(RocksDbStorageTest, CloseTwice) {
  RocksDbUnderTest under_test(RocksDbUnderTest::Where::kMemory);
  EXPECT_TRUE(under_test.storage().Close().ok());
  EXPECT_TRUE(under_test.storage().Close().ok());
}

// RocksDB in memory, over a file system that watches its log.
class LogTest : public testing::Test {
 protected:
  LogTest() {
    StorageOptions options;
    options.env = env_.get();
    absl::StatusOr<std::unique_ptr<RocksDbStorage>> storage = RocksDbStorage::Open("/data", options);
    EXPECT_TRUE(storage.ok()) << storage.status();
    storage_ = *std::move(storage);
  }

  std::unique_ptr<rocksdb::Env> memory_{rocksdb::NewMemEnv(rocksdb::Env::Default())};
  std::shared_ptr<LogFileSystem> files_ = std::make_shared<LogFileSystem>(memory_->GetFileSystem());
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(files_);
  std::unique_ptr<RocksDbStorage> storage_;
};

TEST_F(LogTest, EveryChangeIsSyncedWhenItAnswers) {
  CheckpointStore& store = storage_->checkpoints();
  int syncs = files_->syncs();
  const auto expect_synced = [&](const char* what, bool ok) {
    EXPECT_TRUE(ok) << what;
    EXPECT_EQ(files_->unsynced_bytes(), 0u) << what;
    EXPECT_GT(files_->syncs(), syncs) << what;
    syncs = files_->syncs();
  };
  expect_synced("Commit", store.Commit(Request("1")).ok());
  expect_synced("Commit", store.Commit(Request("2", "id")).ok());
  expect_synced("Commit", store.Commit(Request("3")).ok());
  expect_synced("SetRetention", store.SetRetention("web", {1, absl::ZeroDuration(), false}, absl::UnixEpoch()).ok());
  expect_synced("ApplyRetention", store.ApplyRetention("web", absl::UnixEpoch()).ok());
  expect_synced("SetProtected", store.SetProtected("web", 3, true).ok());
  expect_synced("SetProtected", store.SetProtected("web", 3, false).ok());
  expect_synced("Delete", store.Delete("web", 3, absl::UnixEpoch()).ok());
  expect_synced("Commit", store.Commit(Request("4")).ok());
  expect_synced("DeleteVm", store.DeleteVm("web", ProtectedVersions::kRefuse, absl::UnixEpoch()).ok());
  expect_synced("Put", storage_->records().Put(RecordKind::kMachine, "m", "machine").ok());
  expect_synced("Delete", storage_->records().Delete(RecordKind::kMachine, "m").ok());
  expect_synced("DeletePrefix", storage_->records().DeletePrefix(RecordKind::kRestoreReport, "web/").ok());
}

struct FaultCase {
  LogFault fault;
  absl::StatusCode code;
  const char* cause;
};

class LogFaultTest : public LogTest, public testing::WithParamInterface<FaultCase> {
 protected:
  static void ExpectFault(const absl::Status& status) {
    EXPECT_EQ(status.code(), GetParam().code) << status;
    const absl::optional<ErrorInfo> info = GetErrorInfo(status);
    ASSERT_TRUE(info.has_value()) << status;
    EXPECT_EQ(info->reason, ErrorReason::kStorageUnavailable);
    EXPECT_TRUE(absl::StrContains(info->metadata.at("cause"), GetParam().cause)) << status;
  }
};

TEST_P(LogFaultTest, WritesSayWhyAndReadsGoOn) {
  CheckpointStore& store = storage_->checkpoints();
  ASSERT_TRUE(store.Commit(Request("before")).ok());
  files_->set_fault(GetParam().fault);
  const absl::StatusOr<CommitResult> result = store.Commit(Request("lost", "id"));
  ASSERT_TRUE(result.ok()) << result.status();
  const CommitUnknown* unknown = std::get_if<CommitUnknown>(&*result);
  ASSERT_NE(unknown, nullptr);
  ExpectFault(unknown->cause);
  EXPECT_EQ(store.Get("web", 1)->record, "before");
  EXPECT_EQ(store.GetVm("web")->last_version, 1);
}

// After the fault, the same request ID settles what became of the commit: one version, whichever it was.
TEST_P(LogFaultTest, RetryAfterReopeningSettlesIt) {
  ASSERT_TRUE(storage_->checkpoints().Commit(Request("before")).ok());
  files_->set_fault(GetParam().fault);
  ASSERT_TRUE(storage_->checkpoints().Commit(Request("unknown", "id")).ok());
  files_->set_fault(LogFault::kNone);
  storage_.reset();
  StorageOptions options;
  options.env = env_.get();
  storage_ = RocksDbStorage::Open("/data", options).value();
  const absl::StatusOr<CommitResult> retry = storage_->checkpoints().Commit(Request("unknown", "id"));
  ASSERT_TRUE(retry.ok()) << retry.status();
  ASSERT_NE(std::get_if<Committed>(&*retry), nullptr);
  EXPECT_EQ(std::get<Committed>(*retry).version, 2);
  EXPECT_EQ(storage_->checkpoints().Get("web", 2)->record, "unknown");
  EXPECT_EQ(storage_->checkpoints().GetVm("web")->last_version, 2);
}

// With little space left nothing new is taken, though it could be written still; but space can be made.
TEST_F(LogTest, FullDisk) {
  CheckpointStore& store = storage_->checkpoints();
  for (const char* record : {"1", "2", "3"}) ASSERT_TRUE(store.Commit(Request(record)).ok());
  ASSERT_TRUE(storage_->records().Put(RecordKind::kMachine, "m", "machine").ok());
  // Beside the reserve there must be space for what is in memory still.
  files_->set_free_bytes(128 << 20);
  EXPECT_TRUE(store.Commit(Request("12345")).ok());
  files_->set_free_bytes((64 << 20) + 5);
  const absl::Status refused[] = {store.Commit(Request("123456")).status(),
                                  storage_->records().Put(RecordKind::kMachine, "m", "larger machine")};
  for (const absl::Status& status : refused) {
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
    EXPECT_TRUE(absl::StartsWith(GetErrorInfo(status).value().metadata.at("cause"),
                                 "only 67108869 bytes are free in /data, of which "))
        << status;
  }
  EXPECT_EQ(store.GetVm("web")->last_version, 4);
  EXPECT_EQ(storage_->records().Get(RecordKind::kMachine, "m").value(), "machine");

  EXPECT_EQ(store.Delete("web", 4, absl::UnixEpoch()), absl::OkStatus());
  EXPECT_EQ(store.Delete("web", 1, absl::UnixEpoch()), absl::OkStatus());
  EXPECT_EQ(storage_->records().Delete(RecordKind::kMachine, "m"), absl::OkStatus());
  EXPECT_EQ(store.DeleteVm("web", ProtectedVersions::kRefuse, absl::UnixEpoch()), absl::OkStatus());
  files_->set_free_bytes(128 << 20);
  EXPECT_TRUE(store.Commit(Request("123456")).ok());
}

// A log that was not synced says nothing about what is on disk: the next commit opens the database again to find out.
TEST_F(LogTest, CommitsGoOnAfterAFailedSync) {
  CheckpointStore& store = storage_->checkpoints();
  ASSERT_TRUE(store.Commit(Request("first")).ok());
  files_->set_fault(LogFault::kSyncFails);
  ASSERT_TRUE(std::holds_alternative<CommitUnknown>(store.Commit(Request("unknown", "id")).value()));
  files_->set_fault(LogFault::kNone);
  const CommitResult next = store.Commit(Request("next")).value();
  ASSERT_TRUE(std::holds_alternative<Committed>(next));
  const CommitResult retry = store.Commit(Request("unknown", "id")).value();
  ASSERT_TRUE(std::holds_alternative<Committed>(retry));
  const int64_t next_version = std::get<Committed>(next).version, unknown_version = std::get<Committed>(retry).version;
  EXPECT_EQ(next_version + unknown_version, 2 + 3);
  EXPECT_EQ(store.Get("web", 1)->record, "first");
  EXPECT_EQ(store.Get("web", next_version)->record, "next");
  EXPECT_EQ(store.Get("web", unknown_version)->record, "unknown");
  EXPECT_EQ(store.GetVm("web")->checkpoint_count, 3);
}

INSTANTIATE_TEST_SUITE_P(
    Faults, LogFaultTest,
    testing::Values(FaultCase{LogFault::kAppendFindsNoSpace, absl::StatusCode::kResourceExhausted, "test: no space"},
                    FaultCase{LogFault::kSyncFails, absl::StatusCode::kUnavailable, "test: sync failed"}));

}  // namespace
}  // namespace armstate
