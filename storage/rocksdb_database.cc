#include "storage/rocksdb_database.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <functional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "rocksdb/cache.h"
#include "rocksdb/env.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/table.h"
#include "storage/keys.h"
#include "storage/rocksdb_values.h"
#include "storage/storage_errors.h"

namespace armstate {
namespace {

// In the order of ColumnFamily.
constexpr const char* kFamilyNames[kColumnFamilies] = {"default",         "vms",      "checkpoints", "requests",
                                                       "layouts",         "machines", "hosts",       "cpu_profiles",
                                                       "restore_reports", "bases",    "retries"};

// Space that new records leave free, for RocksDB's compactions, and so that it does not meet a full disk: it then
// refuses writes for some seconds after there is space again, and Debian's build may end the process by an assertion
// (an empty memtable, a log whose last write failed).
constexpr uint64_t kReservedBytes = uint64_t{64} << 20;

// RocksDB's own log of events, at warnings and above. Not RocksDB's usual file beside the data: when the disk is full,
// Debian's build ends the process by an assertion at the second line that cannot be written.
class EventLogger : public rocksdb::Logger {
 public:
  explicit EventLogger(std::function<void(absl::string_view)> log)
      : Logger(rocksdb::InfoLogLevel::WARN_LEVEL), log_(std::move(log)) {}

  using Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    if (!log_) return;
    char line[1024];
    vsnprintf(line, sizeof(line), format, arguments);
    log_(absl::StripTrailingAsciiWhitespace(line));
  }

 private:
  const std::function<void(absl::string_view)> log_;
};

// Of all column families but one.
rocksdb::Options MakeOptions(const StorageOptions& options, rocksdb::Env* env) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));

  rocksdb::Options rocksdb;
  rocksdb.env = env;
  rocksdb.create_if_missing = true;
  rocksdb.create_missing_column_families = true;
  // RocksDB's default would open a database whose log is damaged in the middle, and silently drop all that was
  // acknowledged after that place. This one accepts only the torn last record that a crash leaves, which nobody was
  // told is stored.
  rocksdb.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  // Of all levels: what is stored is small already, so that the denser one costs little time.
  rocksdb.compression = rocksdb::kZSTD;
  rocksdb.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  rocksdb.info_log = std::make_shared<EventLogger>(options.log);
  return rocksdb;
}

// Large records are never changed: they are kept in files of their own (blob files), and the tables hold only keys. So
// a compaction copies none of them, and a damaged one does not make it fail: RocksDB takes no more writes after a
// compaction has failed. For the same reason blobs are not garbage-collected by copying; the space of deleted ones
// comes back when nothing in their file is kept. That would never end with small ones, of which one file has a hundred
// thousand: those are in the tables, where they also take less (docs/decisions/0010).
rocksdb::ColumnFamilyOptions WithBlobFiles(rocksdb::ColumnFamilyOptions options) {
  options.enable_blob_files = true;
  options.min_blob_size = 4096;
  options.blob_file_size = uint64_t{32} << 20;
  options.blob_compression_type = rocksdb::kZSTD;
  return options;
}

// Of a write also if RocksDB calls it a corruption: then it has met damaged bytes before, and takes no writes since.
absl::Status Unavailable(const rocksdb::Status& status) {
  const std::string cause = status.ToString();
  const bool full = status.IsNoSpace() || status.subcode() == rocksdb::Status::kSpaceLimit;
  return MakeError(full ? absl::StatusCode::kResourceExhausted : absl::StatusCode::kUnavailable,
                   ErrorReason::kStorageUnavailable, absl::StrCat("storage: ", cause), {{"cause", cause}});
}

absl::Status InUse(const std::string& data_dir, const rocksdb::Status& cause) {
  return MakeError(absl::StatusCode::kFailedPrecondition, ErrorReason::kStorageUnavailable,
                   absl::StrCat("another armstated uses this data_dir: ", data_dir, " (", cause.ToString(), ")"),
                   {{"cause", cause.ToString()}});
}

absl::Status NewerFormat(const std::string& data_dir, absl::string_view what) {
  return MakeError(absl::StatusCode::kFailedPrecondition, ErrorReason::kStorageUnavailable,
                   absl::StrCat("a newer armstated wrote ", data_dir, ": ", what), {{"cause", std::string(what)}});
}

absl::StatusOr<absl::optional<std::string>> Found(const rocksdb::Status& status, std::string value,
                                                  absl::string_view name) {
  if (status.IsNotFound()) return absl::optional<std::string>();
  if (!status.ok()) return FromRocksDb(status, name);
  return absl::optional<std::string>(std::move(value));
}

// Makes the directory and sees whether files can be made there, so that whatever then fails about the lock is the lock
// itself.
absl::Status PrepareDirectory(rocksdb::Env* env, const std::string& data_dir) {
  const std::string probe = data_dir + "/probe";
  rocksdb::Status status = env->CreateDirIfMissing(data_dir);
  std::unique_ptr<rocksdb::WritableFile> file;
  if (status.ok()) status = env->NewWritableFile(probe, &file, rocksdb::EnvOptions());
  if (status.ok()) status = file->Close();
  if (status.ok()) status = env->DeleteFile(probe);
  return status.ok() ? absl::OkStatus() : FromRocksDb(status, data_dir);
}

}  // namespace

absl::StatusOr<std::unique_ptr<RocksDbDatabase>> RocksDbDatabase::Open(const std::string& data_dir,
                                                                       const StorageOptions& options) {
  rocksdb::Env* const env = options.env == nullptr ? rocksdb::Env::Default() : options.env;
  if (absl::Status status = PrepareDirectory(env, data_dir); !status.ok()) return status;
  // RocksDB has a lock of its own, but tells of it by an IOError like any other.
  rocksdb::FileLock* lock = nullptr;
  if (const rocksdb::Status status = env->LockFile(data_dir + "/armstated.lock", &lock); !status.ok()) {
    return InUse(data_dir, status);
  }
  std::unique_ptr<RocksDbDatabase> database(new RocksDbDatabase(env, data_dir, lock));

  const rocksdb::Options rocksdb_options = MakeOptions(options, env);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const char* name : kFamilyNames) families.emplace_back(name, rocksdb_options);
  for (const ColumnFamily large :
       {ColumnFamily::kCheckpoints, ColumnFamily::kBases, ColumnFamily::kCpuProfiles, ColumnFamily::kRestoreReports}) {
    rocksdb::ColumnFamilyOptions& family = families[static_cast<size_t>(large)].options;
    family = WithBlobFiles(family);
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(rocksdb_options, data_dir, families, &handles, &db);
  // It refuses to open a database that has column families which are not asked for.
  if (status.IsInvalidArgument()) return NewerFormat(data_dir, status.ToString());
  if (!status.ok()) return FromRocksDb(status, data_dir);
  database->db_.reset(db);
  std::copy(handles.begin(), handles.end(), database->handles_.begin());
  if (absl::Status checked = database->CheckFormat(); !checked.ok()) return checked;
  return database;
}

absl::Status RocksDbDatabase::CheckFormat() {
  const absl::StatusOr<absl::optional<std::string>> value = Get(ColumnFamily::kDefault, kFormatKey, data_dir_);
  if (!value.ok()) return value.status();
  if (!value->has_value()) {
    // A new database: the format is on disk before anything else can be.
    rocksdb::WriteBatch batch;
    batch.Put(kFormatKey, EncodeFormatValue(kDatabaseFormat));
    return Write(batch);
  }
  const absl::StatusOr<uint32_t> format = DecodeFormatValue(**value, data_dir_);
  if (!format.ok()) return format.status();
  if (*format == kDatabaseFormat) return absl::OkStatus();
  if (*format == 1) return Upgrade();
  return NewerFormat(data_dir_, absl::StrCat("format ", *format, ", but this one knows only ", kDatabaseFormat));
}

// Values are read in both formats. What must change are the keys of request IDs: they become hashes, in a column family
// of their own, and each goes from the old one in the same write; so an upgrade that was cut short just goes on.
absl::Status RocksDbDatabase::Upgrade() {
  constexpr int kChangesPerBatch = 20000;
  const std::unique_ptr<rocksdb::Iterator> it = NewIterator(ColumnFamily::kRequests, rocksdb::Slice());
  rocksdb::WriteBatch batch;
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    // A key that is none is damaged: nobody could ask for it.
    if (const absl::optional<VmKeyParts> parts = SplitVmKey(ToView(it->key()))) {
      batch.Put(handle(ColumnFamily::kRetries), RequestKey(parts->vm, RequestHash(parts->rest)), it->value());
    }
    batch.Delete(handle(ColumnFamily::kRequests), it->key());
    if (batch.Count() < kChangesPerBatch) continue;
    if (absl::Status status = Write(batch); !status.ok()) return status;
    batch.Clear();
  }
  if (!it->status().ok()) return FromRocksDb(it->status(), data_dir_);
  batch.Put(kFormatKey, EncodeFormatValue(kDatabaseFormat));
  return Write(batch);
}

RocksDbDatabase::~RocksDbDatabase() { Close().IgnoreError(); }

absl::Status RocksDbDatabase::Close() {
  rocksdb::Status status;
  if (db_ != nullptr) {
    const std::vector<rocksdb::ColumnFamilyHandle*> handles(handles_.begin(), handles_.end());
    status = db_->Flush(rocksdb::FlushOptions(), handles);
    for (rocksdb::ColumnFamilyHandle* handle : handles) db_->DestroyColumnFamilyHandle(handle);
    const rocksdb::Status closed = db_->Close();
    if (status.ok()) status = closed;
    db_.reset();
  }
  if (lock_ != nullptr) {
    const rocksdb::Status unlocked = env_->UnlockFile(lock_);
    if (status.ok()) status = unlocked;
    lock_ = nullptr;
  }
  return status.ok() ? absl::OkStatus() : Unavailable(status);
}

absl::StatusOr<absl::optional<std::string>> RocksDbDatabase::Get(ColumnFamily family, absl::string_view key,
                                                                 absl::string_view name) const {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  std::string value;
  const rocksdb::Status status = db_->Get(options, handle(family), ToSlice(key), &value);
  return Found(status, std::move(value), name);
}

absl::StatusOr<absl::optional<std::string>> RocksDbDatabase::Get(rocksdb::WriteBatchWithIndex& batch,
                                                                 ColumnFamily family, absl::string_view key,
                                                                 absl::string_view name) const {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  std::string value;
  const rocksdb::Status status = batch.GetFromBatchAndDB(db_.get(), options, handle(family), ToSlice(key), &value);
  return Found(status, std::move(value), name);
}

std::unique_ptr<rocksdb::Iterator> RocksDbDatabase::NewIterator(ColumnFamily family, const rocksdb::Slice& end) const {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  if (!end.empty()) options.iterate_upper_bound = &end;
  return std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(options, handle(family)));
}

absl::Status RocksDbDatabase::CheckSpace(size_t bytes) const {
  uint64_t free = 0;
  // A file system that cannot tell, as the one in memory, is taken to have enough.
  if (!env_->GetFreeSpace(data_dir_, &free).ok() || free >= kReservedBytes + bytes) return absl::OkStatus();
  const std::string cause =
      absl::StrCat("only ", free, " bytes are free in ", data_dir_, ", of which ", kReservedBytes, " are a reserve");
  return MakeError(absl::StatusCode::kResourceExhausted, ErrorReason::kStorageUnavailable,
                   absl::StrCat("storage: ", cause), {{"cause", cause}});
}

absl::Status RocksDbDatabase::Write(rocksdb::WriteBatch& batch) {
  rocksdb::WriteOptions options;
  options.sync = true;
  const rocksdb::Status status = db_->Write(options, &batch);
  return status.ok() ? absl::OkStatus() : Unavailable(status);
}

absl::Status RocksDbDatabase::Compact() {
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    const rocksdb::Status status = db_->CompactRange(options, handle, nullptr, nullptr);
    if (!status.ok()) return Unavailable(status);
  }
  return absl::OkStatus();
}

uint64_t RocksDbDatabase::StoredBytes() const {
  uint64_t total = 0;
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    for (const std::string& property :
         {rocksdb::DB::Properties::kTotalSstFilesSize, rocksdb::DB::Properties::kTotalBlobFileSize}) {
      uint64_t bytes = 0;
      if (db_->GetIntProperty(handle, property, &bytes)) total += bytes;
    }
  }
  return total;
}

absl::Status FromRocksDb(const rocksdb::Status& status, absl::string_view name) {
  return status.IsCorruption() ? RecordDamaged(name, status.ToString()) : Unavailable(status);
}

}  // namespace armstate
