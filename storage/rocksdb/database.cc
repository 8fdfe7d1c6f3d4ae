#include "storage/rocksdb/database.h"

#include <functional>
#include <future>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "rocksdb/env.h"
#include "rocksdb/sst_file_reader.h"
#include "storage/memory_only_reads.h"
#include "storage/rocksdb/data_directory.h"
#include "storage/rocksdb/encrypted_values.h"
#include "storage/rocksdb/error_listener.h"
#include "storage/rocksdb/keys.h"
#include "storage/rocksdb/log_check.h"
#include "storage/rocksdb/options.h"
#include "storage/rocksdb/release.h"
#include "storage/rocksdb/values.h"

namespace armstate {
namespace {

absl::StatusOr<absl::optional<std::string>> Found(const rocksdb::Status& status, std::string value,
                                                  absl::string_view name) {
  if (status.IsNotFound()) return absl::optional<std::string>();
  if (!status.ok()) return FromRocksDbRead(status, name);
  return absl::optional<std::string>(std::move(value));
}

// The path of the first table that cannot be opened; empty if all can.
std::string DamagedTable(rocksdb::Env* env, const std::string& data_dir) {
  std::vector<std::string> names;
  env->GetChildren(data_dir, &names).PermitUncheckedError();
  rocksdb::Options options;
  options.env = env;
  for (const std::string& name : names) {
    const std::string path = absl::StrCat(data_dir, "/", name);
    if (absl::EndsWith(name, ".sst") && rocksdb::SstFileReader(options).Open(path).IsCorruption()) return path;
  }
  return "";
}

// If a table is missing, RocksDB looks for it under its former suffix, and names only that. If one is damaged, RocksDB
// names the list of tables, which is whole (CheckRocksDbLogs), and not always the table.
rocksdb::Status NameTables(const rocksdb::Status& status, rocksdb::Env* env, const std::string& data_dir) {
  if (!status.IsCorruption()) return status;
  const std::string text =
      absl::StrReplaceAll(absl::StripPrefix(status.ToString(), "Corruption: "), {{".ldb", ".sst"}});
  const std::string cause(text, 0, text.find(" in file "));
  if (absl::StrContains(cause, ".sst")) return rocksdb::Status::Corruption(cause);
  const std::string table = DamagedTable(env, data_dir);
  return rocksdb::Status::Corruption(table.empty() ? text : absl::StrCat(cause, " in ", table));
}

// The reason why the lock was not acquired.
absl::Status LockFailed(rocksdb::Env* env, const std::string& data_dir, const rocksdb::Status& cause) {
  // On a full disk the file of a lock can be there all the same.
  const rocksdb::Status tried = TryFile(env, data_dir);
  if (!tried.ok() && !tried.IsNoSpace()) return StorageUnavailable(tried);
  const bool is_there = env->FileExists(absl::StrCat(data_dir, "/", kLockName)).ok();
  return is_there ? DataDirInUse(data_dir, cause) : StorageUnavailable(cause);
}

}  // namespace

absl::StatusOr<std::unique_ptr<RocksDbDatabase>> RocksDbDatabase::Open(const std::string& data_dir,
                                                                       const StorageOptions& options) {
  rocksdb::Env* const env = options.env == nullptr ? rocksdb::Env::Default() : options.env;
  if (absl::Status status = CheckFolderIsOurs(env, data_dir); !status.ok()) return status;
  if (const rocksdb::Status status = env->CreateDirIfMissing(data_dir); !status.ok()) return StorageUnavailable(status);
  // RocksDB has a lock of its own, but reports it by an IOError like any other.
  rocksdb::FileLock* lock = nullptr;
  const rocksdb::Status locked = env->LockFile(LockFile(data_dir), &lock);
  if (!locked.ok()) return LockFailed(env, data_dir, locked);
  std::unique_ptr<RocksDbDatabase> database(new RocksDbDatabase(env, data_dir, options, lock));
  // On a full disk the reserve of the last time is what this database is opened with.
  database->MakeRoom(kRoomToOpen);
  if (const rocksdb::Status tried = TryFile(env, data_dir); !tried.ok()) return StorageUnavailable(tried);
  if (absl::Status status = database->OpenRocksDb(Mode::kReadWrite); !status.ok()) return status;
  database->TellMissingFiles();
  database->space_keeper_ = std::thread([&database = *database] { database.KeepSpaceLoop(); });
  return database;
}

absl::Status RocksDbDatabase::OpenRocksDb(Mode mode) {
  if (absl::Status status = CheckRocksDbRelease(&env_, data_dir_); !status.ok()) return status;
  if (absl::Status status = CheckRocksDbLogs(&env_, data_dir_); !status.ok()) return status;
  RocksDbOptions options = MakeRocksDbOptions(options_, &env_);
  options.database.statistics = counters_;
  options.database.listeners = {std::make_shared<RocksDbErrorListener>(needs_recovery_)};
  // With little space nothing is written or taken ahead that is not needed for deletions.
  const bool is_short = FreeOnDisk() < kPlentyBytes;
  options.database.avoid_flush_during_recovery = is_short;
  options.database.allow_fallocate = !is_short;
  options.database.create_if_missing = times_opened_ == 0;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status =
      mode == Mode::kReadWrite
          ? rocksdb::DB::Open(options.database, data_dir_, options.families, &handles, &db)
          : rocksdb::DB::OpenForReadOnly(options.database, data_dir_, options.families, &handles, &db);
  // It refuses to open a database that has column families which are not asked for.
  if (status.IsInvalidArgument()) return UnknownFormat(data_dir_, status.ToString());
  if (!status.ok()) return FromRocksDb(NameTables(status, &env_, data_dir_), data_dir_);
  {
    absl::MutexLock lock(&mutex_);
    opened_ = std::make_shared<OpenedRocksDb>(db, std::move(handles));
    times_opened_ += 1;
  }
  return mode == Mode::kReadWrite ? CheckFormat() : absl::OkStatus();
}

RocksDbDatabase::Pin RocksDbDatabase::PinOpen() const {
  absl::MutexLock lock(&mutex_);
  return opened_;
}

rocksdb::Status RocksDbDatabase::CloseRocksDb(bool flush, absl::Duration patience) {
  Pin opened;
  {
    absl::MutexLock lock(&mutex_);
    opened = std::exchange(opened_, nullptr);
  }
  if (opened == nullptr) return rocksdb::Status::OK();
  rocksdb::Status status;
  if (flush) status = opened->db().Flush(rocksdb::FlushOptions(), opened->handles());
  // RocksDB's own threads may have taken what was free: then all stays in the log.
  if (status.IsNoSpace()) status = rocksdb::Status::OK();
  is_closing_ = true;
  opened->db().DisableManualCompaction();
  const std::shared_future<rocksdb::Status> closed = opened->closed();
  const std::weak_ptr<OpenedRocksDb> used = opened;
  opened = nullptr;
  // Not wait_for: it overflows at the longest time.
  if (patience != absl::InfiniteDuration() &&
      closed.wait_for(absl::ToChronoNanoseconds(patience)) == std::future_status::timeout) {
    opened = used.lock();
    if (opened != nullptr) {
      absl::MutexLock lock(&mutex_);
      opened_ = std::move(opened);
      return rocksdb::Status::TimedOut("the database cannot be reopened after an error: it is still being read");
    }
  }
  is_closing_ = false;
  const rocksdb::Status close_status = closed.get();
  return status.ok() ? close_status : status;
}

rocksdb::ColumnFamilyHandle* RocksDbDatabase::handle(ColumnFamily family) const { return PinOpen()->handle(family); }

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
  if (*format == kDatabaseFormat || *format == kEncryptedDatabaseFormat) return absl::OkStatus();
  return UnknownFormat(data_dir_, absl::StrCat("its format is ", *format, ", but this one reads only ", kDatabaseFormat,
                                               " and ", kEncryptedDatabaseFormat));
}

RocksDbDatabase::~RocksDbDatabase() { Close().IgnoreError(); }

absl::Status RocksDbDatabase::Close() {
  {
    absl::MutexLock lock(&space_mutex_);
    stopped_ = true;
  }
  is_closing_ = true;
  if (const Pin opened = PinOpen(); opened != nullptr) opened->db().DisableManualCompaction();
  if (space_keeper_.joinable()) space_keeper_.join();
  // Without the space for it all stays in the log, where it is as safe, and the reserve stays for the next start.
  const uint64_t needed = kRoomToOpen + UnflushedBytes();
  const bool flush = FreeBytes() >= needed;
  if (flush) MakeRoom(needed);
  rocksdb::Status status = CloseRocksDb(flush, absl::InfiniteDuration());
  if (lock_ != nullptr) {
    const rocksdb::Status unlocked = env_.UnlockFile(lock_);
    if (status.ok()) status = unlocked;
    lock_ = nullptr;
  }
  return status.ok() ? absl::OkStatus() : StorageUnavailable(status);
}

absl::StatusOr<absl::optional<std::string>> RocksDbDatabase::Get(ColumnFamily family, absl::string_view key,
                                                                 absl::string_view name) const {
  const Pin opened = PinOpen();
  if (opened == nullptr) return NotOpen();
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  if (MemoryOnlyReads::active()) options.read_tier = rocksdb::kBlockCacheTier;
  std::string value;
  rocksdb::Status status = opened->db().Get(options, opened->handle(family), ToSlice(key), &value);
  if (MemoryOnlyReads::IsTooLarge(value.size())) status = rocksdb::Status::Incomplete("large");
  if (status.ok() && IsEncryptedFamily(family)) return Decrypt(family, key, value, name);
  return Found(status, std::move(value), name);
}

absl::StatusOr<absl::optional<std::string>> RocksDbDatabase::Get(rocksdb::WriteBatchWithIndex& batch,
                                                                 ColumnFamily family, absl::string_view key,
                                                                 absl::string_view name) const {
  const Pin opened = PinOpen();
  if (opened == nullptr) return NotOpen();
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  std::string value;
  const rocksdb::Status status =
      batch.GetFromBatchAndDB(&opened->db(), options, opened->handle(family), ToSlice(key), &value);
  if (status.ok() && IsEncryptedFamily(family)) return Decrypt(family, key, value, name);
  return Found(status, std::move(value), name);
}

std::unique_ptr<rocksdb::Iterator> RocksDbDatabase::NewIterator(ColumnFamily family, const rocksdb::Slice& end) const {
  Pin opened = PinOpen();
  if (opened == nullptr) {
    return std::unique_ptr<rocksdb::Iterator>(
        rocksdb::NewErrorIterator(rocksdb::Status::ShutdownInProgress("the database is being reopened")));
  }
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  if (!end.empty()) options.iterate_upper_bound = &end;
  return NewPinnedIterator(std::move(opened), family, options);
}

absl::Status RocksDbDatabase::Write(const Pin& pin, rocksdb::WriteBatch& batch) {
  if (pin == nullptr) return NotOpen();
  const uint64_t needed = 2 * batch.GetDataSize();
  if (env_.ahead() < kRoomToWrite / 4 + needed) MakeRoom(kRoomToWrite + needed);
  rocksdb::WriteOptions options;
  options.sync = true;
  const rocksdb::Status status = pin->db().Write(options, &batch);
  writes_ += 1;
  if (status.ok()) return absl::OkStatus();
  needs_recovery_ = true;
  return StorageUnavailable(status);
}

absl::Status RocksDbDatabase::Use(const std::function<rocksdb::Status(rocksdb::DB&)>& use) {
  const Pin opened = PinOpen();
  if (opened == nullptr) return NotOpen();
  const rocksdb::Status status = use(opened->db());
  return status.ok() ? absl::OkStatus() : FromRocksDb(status, data_dir_);
}

absl::Status RocksDbDatabase::Compact() {
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  const Pin opened = PinOpen();
  if (opened == nullptr) return NotOpen();
  for (rocksdb::ColumnFamilyHandle* handle : opened->handles()) {
    const rocksdb::Status status = opened->db().CompactRange(options, handle, nullptr, nullptr);
    if (!status.ok()) return StorageUnavailable(status);
  }
  return absl::OkStatus();
}

}  // namespace armstate
