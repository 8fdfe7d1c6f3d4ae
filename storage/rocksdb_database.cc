#include "storage/rocksdb_database.h"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <functional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "core/error.h"
#include "rocksdb/cache.h"
#include "rocksdb/env.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/table.h"
#include "storage/keys.h"
#include "storage/rocksdb_upgrade.h"
#include "storage/rocksdb_values.h"
#include "storage/storage_errors.h"

namespace armstate {
namespace {

// In the order of ColumnFamily.
constexpr const char* kFamilyNames[kColumnFamilies] = {"default",         "vms",      "checkpoints", "requests",
                                                       "layouts",         "machines", "hosts",       "cpu_profiles",
                                                       "restore_reports", "bases",    "retries",     "events"};

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
// thousand: those are in the tables, where they also take less (docs/decisions/0013).
rocksdb::ColumnFamilyOptions WithBlobFiles(rocksdb::ColumnFamilyOptions options) {
  options.enable_blob_files = true;
  options.min_blob_size = 4096;
  options.blob_file_size = uint64_t{32} << 20;
  options.blob_compression_type = rocksdb::kZSTD;
  return options;
}

// Of what is small, and read only from some place on: larger blocks compress better, and nobody asks for a single key.
rocksdb::BlockBasedTableOptions ForReadingInOrder() {
  rocksdb::BlockBasedTableOptions table;
  table.block_size = size_t{32} << 10;
  return table;
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

// Can a file be made here, written to the disk, and removed?
rocksdb::Status TryFile(rocksdb::Env* env, const std::string& path) {
  std::unique_ptr<rocksdb::WritableFile> file;
  rocksdb::Status status = env->NewWritableFile(path, &file, rocksdb::EnvOptions());
  if (status.ok()) status = file->Append(std::string(4096, '\0'));
  if (status.ok()) status = file->Sync();
  if (file != nullptr) {
    const rocksdb::Status closed = file->Close();
    if (status.ok()) status = closed;
  }
  const rocksdb::Status removed = env->DeleteFile(path);
  return status.ok() ? removed : status;
}

// Makes the directory and sees whether files can be made there, so that whatever then fails about the lock is the lock
// itself.
absl::Status PrepareDirectory(rocksdb::Env* env, const std::string& data_dir) {
  rocksdb::Status status = env->CreateDirIfMissing(data_dir);
  if (status.ok()) status = TryFile(env, data_dir + "/probe");
  return status.ok() ? absl::OkStatus() : FromRocksDb(status, data_dir);
}

// An iterator that keeps its database open.
class PinnedIterator : public rocksdb::Iterator {
 public:
  PinnedIterator(std::shared_ptr<const void> pin, rocksdb::Iterator* iterator)
      : pin_(std::move(pin)), iterator_(iterator) {}

  bool Valid() const override { return iterator_->Valid(); }
  void SeekToFirst() override { iterator_->SeekToFirst(); }
  void SeekToLast() override { iterator_->SeekToLast(); }
  void Seek(const rocksdb::Slice& target) override { iterator_->Seek(target); }
  void SeekForPrev(const rocksdb::Slice& target) override { iterator_->SeekForPrev(target); }
  void Next() override { iterator_->Next(); }
  void Prev() override { iterator_->Prev(); }
  rocksdb::Slice key() const override { return iterator_->key(); }
  rocksdb::Slice value() const override { return iterator_->value(); }
  rocksdb::Status status() const override { return iterator_->status(); }

 private:
  // In this order: the iterator goes first.
  const std::shared_ptr<const void> pin_;
  const std::unique_ptr<rocksdb::Iterator> iterator_;
};

}  // namespace

class RocksDbDatabase::Opened {
 public:
  Opened(rocksdb::DB* db, std::vector<rocksdb::ColumnFamilyHandle*> handles)
      : db_(db), handles_(std::move(handles)), closed_(std::make_shared<Closed>()) {}
  ~Opened() {
    for (rocksdb::ColumnFamilyHandle* handle : handles_) db_->DestroyColumnFamilyHandle(handle);
    closed_->status = db_->Close();
    db_.reset();
    closed_->done.Notify();
  }

  struct Closed {
    absl::Notification done;
    rocksdb::Status status;
  };

  rocksdb::DB& db() { return *db_; }
  rocksdb::ColumnFamilyHandle* handle(ColumnFamily family) const { return handles_[static_cast<size_t>(family)]; }
  const std::vector<rocksdb::ColumnFamilyHandle*>& handles() const { return handles_; }
  // Tells when it is gone.
  std::shared_ptr<Closed> closed() const { return closed_; }

 private:
  std::unique_ptr<rocksdb::DB> db_;
  const std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  const std::shared_ptr<Closed> closed_;
};

absl::StatusOr<std::unique_ptr<RocksDbDatabase>> RocksDbDatabase::Open(const std::string& data_dir,
                                                                       const StorageOptions& options) {
  rocksdb::Env* const env = options.env == nullptr ? rocksdb::Env::Default() : options.env;
  if (absl::Status status = PrepareDirectory(env, data_dir); !status.ok()) return status;
  // RocksDB has a lock of its own, but tells of it by an IOError like any other.
  rocksdb::FileLock* lock = nullptr;
  if (const rocksdb::Status status = env->LockFile(data_dir + "/armstated.lock", &lock); !status.ok()) {
    return InUse(data_dir, status);
  }
  std::unique_ptr<RocksDbDatabase> database(new RocksDbDatabase(env, data_dir, options, lock));
  if (absl::Status status = database->OpenRocksDb(Mode::kReadWrite); !status.ok()) return status;
  return database;
}

absl::Status RocksDbDatabase::OpenRocksDb(Mode mode) {
  rocksdb::Options rocksdb_options = MakeOptions(options_, env_);
  rocksdb_options.statistics = counters_;
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const char* name : kFamilyNames) families.emplace_back(name, rocksdb_options);
  for (const ColumnFamily large :
       {ColumnFamily::kCheckpoints, ColumnFamily::kBases, ColumnFamily::kCpuProfiles, ColumnFamily::kRestoreReports}) {
    rocksdb::ColumnFamilyOptions& family = families[static_cast<size_t>(large)].options;
    family = WithBlobFiles(family);
  }
  families[static_cast<size_t>(ColumnFamily::kEvents)].options.table_factory.reset(
      rocksdb::NewBlockBasedTableFactory(ForReadingInOrder()));
  // Each commit asks whether its request ID was there before, and it was not: a filter answers that.
  rocksdb::ColumnFamilyOptions& retries = families[static_cast<size_t>(ColumnFamily::kRetries)].options;
  retries.memtable_prefix_bloom_size_ratio = 0.02;
  retries.memtable_whole_key_filtering = true;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status =
      mode == Mode::kReadWrite ? rocksdb::DB::Open(rocksdb_options, data_dir_, families, &handles, &db)
                               : rocksdb::DB::OpenForReadOnly(rocksdb_options, data_dir_, families, &handles, &db);
  // It refuses to open a database that has column families which are not asked for.
  if (status.IsInvalidArgument()) return NewerFormat(data_dir_, status.ToString());
  if (!status.ok()) return FromRocksDb(status, data_dir_);
  {
    absl::MutexLock lock(&mutex_);
    opened_ = std::make_shared<Opened>(db, std::move(handles));
  }
  return mode == Mode::kReadWrite ? CheckFormat() : absl::OkStatus();
}

std::shared_ptr<RocksDbDatabase::Opened> RocksDbDatabase::opened() const {
  absl::MutexLock lock(&mutex_);
  return opened_;
}

rocksdb::Status RocksDbDatabase::CloseRocksDb(bool flush) {
  std::shared_ptr<Opened> opened;
  {
    absl::MutexLock lock(&mutex_);
    opened = std::move(opened_);
    opened_ = nullptr;
  }
  if (opened == nullptr) return rocksdb::Status::OK();
  rocksdb::Status status;
  if (flush) status = opened->db().Flush(rocksdb::FlushOptions(), opened->handles());
  const std::shared_ptr<Opened::Closed> closed = opened->closed();
  opened = nullptr;
  closed->done.WaitForNotification();
  return status.ok() ? closed->status : status;
}

absl::Status RocksDbDatabase::Recover() {
  // While nothing can be written, what is open still serves the reads.
  const rocksdb::Status whole = TryFile(env_, data_dir_ + "/probe");
  if (!whole.ok()) return Unavailable(whole);
  if (absl::Status status = CheckSpace(0); !status.ok()) return status;
  // What could not be written is in the log or not; opening decides it. RocksDB's own Resume does not take up a log
  // whose sync has failed.
  CloseRocksDb(/*flush=*/false).PermitUncheckedError();
  absl::Status status = OpenRocksDb(Mode::kReadWrite);
  if (status.ok()) {
    needs_recovery_ = false;
    return absl::OkStatus();
  }
  CloseRocksDb(/*flush=*/false).PermitUncheckedError();
  OpenRocksDb(Mode::kReadOnly).IgnoreError();
  return status;
}

RocksDbDatabase::Pin RocksDbDatabase::PinOpen() const { return opened(); }

absl::Status RocksDbDatabase::NotOpen() {
  return Unavailable(rocksdb::Status::ShutdownInProgress("the database is being opened anew after an error"));
}

rocksdb::ColumnFamilyHandle* RocksDbDatabase::handle(ColumnFamily family) const { return opened()->handle(family); }

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
  if (*format >= 1 && *format < kDatabaseFormat) return UpgradeDatabase(*this, *format, data_dir_);
  return NewerFormat(data_dir_, absl::StrCat("format ", *format, ", but this one knows only ", kDatabaseFormat));
}

RocksDbDatabase::~RocksDbDatabase() { Close().IgnoreError(); }

absl::Status RocksDbDatabase::Close() {
  rocksdb::Status status = CloseRocksDb(/*flush=*/true);
  if (lock_ != nullptr) {
    const rocksdb::Status unlocked = env_->UnlockFile(lock_);
    if (status.ok()) status = unlocked;
    lock_ = nullptr;
  }
  return status.ok() ? absl::OkStatus() : Unavailable(status);
}

absl::StatusOr<absl::optional<std::string>> RocksDbDatabase::Get(ColumnFamily family, absl::string_view key,
                                                                 absl::string_view name) const {
  const std::shared_ptr<Opened> opened = this->opened();
  if (opened == nullptr) return NotOpen();
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  std::string value;
  const rocksdb::Status status = opened->db().Get(options, opened->handle(family), ToSlice(key), &value);
  return Found(status, std::move(value), name);
}

absl::StatusOr<absl::optional<std::string>> RocksDbDatabase::Get(rocksdb::WriteBatchWithIndex& batch,
                                                                 ColumnFamily family, absl::string_view key,
                                                                 absl::string_view name) const {
  const std::shared_ptr<Opened> opened = this->opened();
  if (opened == nullptr) return NotOpen();
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  std::string value;
  const rocksdb::Status status =
      batch.GetFromBatchAndDB(&opened->db(), options, opened->handle(family), ToSlice(key), &value);
  return Found(status, std::move(value), name);
}

std::unique_ptr<rocksdb::Iterator> RocksDbDatabase::NewIterator(ColumnFamily family, const rocksdb::Slice& end) const {
  std::shared_ptr<Opened> opened = this->opened();
  if (opened == nullptr) {
    return std::unique_ptr<rocksdb::Iterator>(
        rocksdb::NewErrorIterator(rocksdb::Status::ShutdownInProgress("the database is being opened anew")));
  }
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  if (!end.empty()) options.iterate_upper_bound = &end;
  rocksdb::Iterator* const iterator = opened->db().NewIterator(options, opened->handle(family));
  return std::make_unique<PinnedIterator>(std::move(opened), iterator);
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
  const std::shared_ptr<Opened> opened = this->opened();
  if (opened == nullptr) return NotOpen();
  rocksdb::WriteOptions options;
  options.sync = true;
  const rocksdb::Status status = opened->db().Write(options, &batch);
  if (status.ok()) return absl::OkStatus();
  needs_recovery_ = true;
  return Unavailable(status);
}

absl::Status RocksDbDatabase::Use(const std::function<rocksdb::Status(rocksdb::DB&)>& use) {
  const std::shared_ptr<Opened> opened = this->opened();
  if (opened == nullptr) return NotOpen();
  const rocksdb::Status status = use(opened->db());
  return status.ok() ? absl::OkStatus() : FromRocksDb(status, data_dir_);
}

absl::Status RocksDbDatabase::Compact() {
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  const std::shared_ptr<Opened> opened = this->opened();
  if (opened == nullptr) return NotOpen();
  for (rocksdb::ColumnFamilyHandle* handle : opened->handles()) {
    const rocksdb::Status status = opened->db().CompactRange(options, handle, nullptr, nullptr);
    if (!status.ok()) return Unavailable(status);
  }
  return absl::OkStatus();
}

uint64_t RocksDbDatabase::StoredBytes() const {
  const std::shared_ptr<Opened> opened = this->opened();
  if (opened == nullptr) return 0;
  uint64_t total = 0;
  for (rocksdb::ColumnFamilyHandle* handle : opened->handles()) {
    for (const std::string& property :
         {rocksdb::DB::Properties::kTotalSstFilesSize, rocksdb::DB::Properties::kTotalBlobFileSize}) {
      uint64_t bytes = 0;
      if (opened->db().GetIntProperty(handle, property, &bytes)) total += bytes;
    }
  }
  return total;
}

uint64_t RocksDbDatabase::DiskBytes() const {
  std::vector<rocksdb::Env::FileAttributes> files;
  env_->GetChildrenFileAttributes(data_dir_, &files).PermitUncheckedError();
  uint64_t total = 0;
  for (const rocksdb::Env::FileAttributes& file : files) total += file.size_bytes;
  return total;
}

std::map<std::string, int64_t> RocksDbDatabase::Counters() const {
  std::map<std::string, int64_t> counters;
  const auto add = [&counters](std::string name, double value) {
    const auto rounded = static_cast<int64_t>(std::llround(value));
    if (rounded != 0) counters.emplace(std::move(name), rounded);
  };
  for (const auto& [ticker, name] : rocksdb::TickersNameMap) {
    add(name, static_cast<double>(counters_->getTickerCount(ticker)));
  }
  for (const auto& [histogram, name] : rocksdb::HistogramsNameMap) {
    rocksdb::HistogramData data;
    counters_->histogramData(histogram, &data);
    if (data.count == 0) continue;
    add(name + ".count", static_cast<double>(data.count));
    add(name + ".sum", static_cast<double>(data.sum));
    add(name + ".p50", data.median);
    add(name + ".p99", data.percentile99);
    add(name + ".max", data.max);
  }
  return counters;
}

absl::Status FromRocksDb(const rocksdb::Status& status, absl::string_view name) {
  return status.IsCorruption() ? RecordDamaged(name, status.ToString()) : Unavailable(status);
}

}  // namespace armstate
