#include "storage/rocksdb_database.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "rocksdb/env.h"
#include "rocksdb/listener.h"
#include "rocksdb/metadata.h"
#include "storage/keys.h"
#include "storage/memory_only_reads.h"
#include "storage/random_id.h"
#include "storage/rocksdb_log_check.h"
#include "storage/rocksdb_options.h"
#include "storage/rocksdb_release.h"
#include "storage/rocksdb_upgrade.h"
#include "storage/rocksdb_values.h"

namespace armstate {
namespace {

// Space that new records leave free, for deletions, and so that RocksDB does not meet a full disk: it then refuses
// writes for some seconds after there is space again, and Debian's build may end the process by an assertion (an empty
// memtable, a log whose last write failed). Half of it is held by a file, if there is a disk.
constexpr uint64_t kReservedBytes = uint64_t{64} << 20;
static_assert(2 * SpaceReserve::kBytes == kReservedBytes);
constexpr char kReserveName[] = "RESERVE";

// With so much nobody looks closer.
constexpr uint64_t kPlentyBytes = uint64_t{1} << 30;
// Below this some of the reserve is given back before a write, whose own bytes come on top, if the log has no space
// ahead: for what RocksDB and the file system add.
constexpr uint64_t kRoomToWrite = uint64_t{1} << 20;
// For the files that RocksDB makes when it opens a database.
constexpr uint64_t kRoomToOpen = uint64_t{4} << 20;

constexpr absl::Duration kSpaceInterval = absl::Seconds(1);

std::string ReserveFile(const std::string& data_dir) { return absl::StrCat(data_dir, "/", kReserveName); }

// A file system that cannot tell is taken to have enough.
uint64_t FreeBytesIn(rocksdb::Env* env, const std::string& data_dir) {
  uint64_t free = 0;
  return env->GetFreeSpace(data_dir, &free).ok() ? free : std::numeric_limits<uint64_t>::max();
}

void MakeRoom(rocksdb::Env* env, const std::string& data_dir, SpaceReserve& reserve, uint64_t bytes) {
  // Others may take what is given back as fast: they do not get all of it.
  for (uint64_t given = 0; given < bytes && FreeBytesIn(env, data_dir) < bytes; given += SpaceReserve::kPieceBytes) {
    if (!reserve.GiveBackAPiece()) return;
  }
}

// After some errors of RocksDB's own threads, as a table that finds no space, it takes no more writes.
class ErrorListener : public rocksdb::EventListener {
 public:
  // `needs_recovery` must outlive it.
  explicit ErrorListener(std::atomic<bool>& needs_recovery) : needs_recovery_(needs_recovery) {}

  void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* error) override {
    if (error->severity() >= rocksdb::Status::Severity::kHardError) needs_recovery_ = true;
  }
  // It is opened anew instead.
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status error, bool* auto_recovery) override {
    if (error.severity() >= rocksdb::Status::Severity::kHardError) *auto_recovery = false;
  }

 private:
  std::atomic<bool>& needs_recovery_;
};

absl::StatusOr<absl::optional<std::string>> Found(const rocksdb::Status& status, std::string value,
                                                  absl::string_view name) {
  if (status.IsNotFound()) return absl::optional<std::string>();
  if (!status.ok()) return FromRocksDbRead(status, name);
  return absl::optional<std::string>(std::move(value));
}

// Where a table is missing, RocksDB looks for it under its suffix of long ago, and tells only of that.
rocksdb::Status NameTables(const rocksdb::Status& status) {
  if (!status.IsCorruption()) return status;
  return rocksdb::Status::Corruption(
      absl::StrReplaceAll(absl::StripPrefix(status.ToString(), "Corruption: "), {{".ldb", ".sst"}}));
}

// Can a file be made here, written to the disk, and removed?
rocksdb::Status TryFile(rocksdb::Env* env, const std::string& folder) {
  // A name that no file of anybody else has.
  const std::string path = absl::StrCat(folder, "/armstated.", absl::Hex(NewRandomId()), ".try");
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
  if (status.ok()) status = TryFile(env, data_dir);
  return status.ok() ? absl::OkStatus() : StorageUnavailable(status);
}

}  // namespace

absl::StatusOr<std::unique_ptr<RocksDbDatabase>> RocksDbDatabase::Open(const std::string& data_dir,
                                                                       const StorageOptions& options) {
  rocksdb::Env* const env = options.env == nullptr ? rocksdb::Env::Default() : options.env;
  // On a full disk the reserve of the last time is what this database is opened with.
  if (options.env == nullptr) {
    SpaceReserve reserve(ReserveFile(data_dir));
    MakeRoom(env, data_dir, reserve, kRoomToOpen);
  }
  if (absl::Status status = PrepareDirectory(env, data_dir); !status.ok()) return status;
  // RocksDB has a lock of its own, but tells of it by an IOError like any other.
  rocksdb::FileLock* lock = nullptr;
  if (const rocksdb::Status status = env->LockFile(LockFile(data_dir), &lock); !status.ok()) {
    return DataDirInUse(data_dir, status);
  }
  std::unique_ptr<RocksDbDatabase> database(new RocksDbDatabase(env, data_dir, options, lock));
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
  options.database.listeners = {std::make_shared<ErrorListener>(needs_recovery_)};
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
  if (status.IsInvalidArgument()) return NewerFormat(data_dir_, status.ToString());
  if (!status.ok()) return FromRocksDb(NameTables(status), data_dir_);
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
  const std::shared_ptr<OneAnswer<rocksdb::Status>> closed = opened->closed();
  const std::weak_ptr<OpenedRocksDb> used = opened;
  opened = nullptr;
  absl::optional<rocksdb::Status> close_status = closed->WaitFor(patience);
  if (!close_status) {
    opened = used.lock();
    if (opened != nullptr) {
      absl::MutexLock lock(&mutex_);
      opened_ = std::move(opened);
      return rocksdb::Status::TimedOut("the database cannot be opened anew after an error: somebody reads still");
    }
    close_status = closed->Wait();
  }
  is_closing_ = false;
  return status.ok() ? *close_status : status;
}

absl::Status RocksDbDatabase::Recover() {
  // While nothing can be written, what is open still serves the reads.
  if (absl::Status status = CheckDirectory(); !status.ok()) return status;
  MakeRoom(&env_, data_dir_, reserve_, kRoomToOpen);
  const rocksdb::Status whole = TryFile(&env_, data_dir_);
  if (!whole.ok()) return StorageUnavailable(whole);
  // What is open has still what a log lost, for reading.
  if (absl::Status status = CheckRocksDbLogs(&env_, data_dir_); !status.ok()) return status;
  // What could not be written is in the log or not; opening decides it. RocksDB's own Resume does not take up a log
  // whose sync has failed.
  const absl::Time now = absl::Now();
  rocksdb::Status closed = rocksdb::Status::TimedOut("the database is still being read after an error");
  if (now >= next_recovery_) closed = CloseRocksDb(/*flush=*/false, patience_with_readers_);
  if (closed.IsTimedOut()) {
    if (now >= next_recovery_) {
      patience_with_readers_ = std::min(2 * patience_with_readers_, kMaxPatienceWithReaders);
      next_recovery_ = now + 5 * patience_with_readers_;
    }
    return StorageUnavailable(closed);
  }
  patience_with_readers_ = kPatienceWithReaders;
  absl::Status status = OpenRocksDb(Mode::kReadWrite);
  if (status.ok()) {
    needs_recovery_ = false;
    return absl::OkStatus();
  }
  if (!CloseRocksDb(/*flush=*/false, kMaxPatienceWithReaders).IsTimedOut()) OpenRocksDb(Mode::kReadOnly).IgnoreError();
  return status;
}

absl::Status RocksDbDatabase::NotOpen() {
  return StorageUnavailable(rocksdb::Status::ShutdownInProgress("the database is being opened anew after an error"));
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
  if (*format == kDatabaseFormat) return absl::OkStatus();
  if (*format >= 1 && *format < kDatabaseFormat) return UpgradeDatabase(*this, *format, data_dir_);
  return NewerFormat(data_dir_, absl::StrCat("format ", *format, ", but this one knows only ", kDatabaseFormat));
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
  if (flush) MakeRoom(&env_, data_dir_, reserve_, needed);
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
  return Found(status, std::move(value), name);
}

std::unique_ptr<rocksdb::Iterator> RocksDbDatabase::NewIterator(ColumnFamily family, const rocksdb::Slice& end) const {
  Pin opened = PinOpen();
  if (opened == nullptr) {
    return std::unique_ptr<rocksdb::Iterator>(
        rocksdb::NewErrorIterator(rocksdb::Status::ShutdownInProgress("the database is being opened anew")));
  }
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  if (!end.empty()) options.iterate_upper_bound = &end;
  return NewPinnedIterator(std::move(opened), family, options);
}

uint64_t RocksDbDatabase::FreeOnDisk() const { return FreeBytesIn(&env_, data_dir_); }

uint64_t RocksDbDatabase::FreeBytes() const {
  const uint64_t free = FreeOnDisk();
  const uint64_t held = reserve_.bytes();
  return free > std::numeric_limits<uint64_t>::max() - held ? free : free + held;
}

uint64_t RocksDbDatabase::UnflushedBytes() const {
  const Pin opened = PinOpen();
  uint64_t total = 0;
  if (opened == nullptr) return total;
  for (rocksdb::ColumnFamilyHandle* handle : opened->handles()) {
    uint64_t bytes = 0;
    if (opened->db().GetIntProperty(handle, rocksdb::DB::Properties::kCurSizeAllMemTables, &bytes)) total += bytes;
  }
  return total;
}

absl::Status RocksDbDatabase::CheckSpace(uint64_t free, size_t bytes) const {
  if (free >= kPlentyBytes + bytes) return absl::OkStatus();
  // What is in the log is written once more, into tables.
  const uint64_t reserved = kReservedBytes + UnflushedBytes();
  if (free >= reserved + 2 * bytes) return absl::OkStatus();
  was_refused_ = true;
  return DiskFull(data_dir_, free, reserved);
}

absl::Status RocksDbDatabase::CheckDirectory() const {
  if (!lock_file_) return absl::OkStatus();
  const absl::optional<FileIdentity> found = FileIdentity::Of(LockFile(data_dir_));
  if (found && found->SameFile(*lock_file_)) return absl::OkStatus();
  return StorageUnavailable(rocksdb::Status::IOError(
      absl::StrCat(data_dir_, " was removed or replaced since it was opened"), "put it back, or start armstated anew"));
}

void RocksDbDatabase::TellMissingFiles() const {
  const Pin opened = PinOpen();
  if (opened == nullptr || !options_.log) return;
  for (rocksdb::ColumnFamilyHandle* handle : opened->handles()) {
    rocksdb::ColumnFamilyMetaData family;
    opened->db().GetColumnFamilyMetaData(handle, &family);
    for (const rocksdb::BlobMetaData& file : family.blob_files) {
      const std::string path = absl::StrCat(data_dir_, "/", absl::StripPrefix(file.blob_file_name, "/"));
      uint64_t bytes = 0;
      if (env_.GetFileSize(path, &bytes).ok() && bytes >= file.blob_file_size) continue;
      options_.log(absl::StrCat(path, " is missing or was cut: records of ", handle->GetName(),
                                " that were acknowledged are lost with it; what needs them is DATA_LOSS"));
    }
  }
}

bool RocksDbDatabase::MakeSpace() {
  const Pin opened = PinOpen();
  if (opened == nullptr) return false;
  // A flush that finds no space would stop all writes, deletions too.
  const uint64_t needed = UnflushedBytes();
  if (FreeBytes() < needed) return false;
  while (FreeOnDisk() < needed && reserve_.GiveBackAPiece()) {
  }
  if (!opened->db().Flush(rocksdb::FlushOptions(), opened->handles()).ok()) return false;
  for (rocksdb::ColumnFamilyHandle* handle : opened->handles()) {
    if (is_closing_) return false;
    rocksdb::CompactRangeOptions options;
    options.exclusive_manual_compaction = false;
    opened->db().CompactRange(options, handle, nullptr, nullptr).PermitUncheckedError();
  }
  return true;
}

void RocksDbDatabase::TakeReserve() {
  reserve_.Refresh();
  const uint64_t free = FreeBytes();
  const uint64_t needed = UnflushedBytes();
  const uint64_t wanted = std::min((free - std::min(free, needed)) / 2, SpaceReserve::kBytes);
  if (wanted < reserve_.bytes() + SpaceReserve::kPieceBytes || !CheckDirectory().ok()) return;
  reserve_.Take(wanted);
}

void RocksDbDatabase::KeepSpaceLoop() {
  // Of the writes when space was made: with little of it, those are deletions. An earlier process may have left some.
  absl::optional<uint64_t> made_after;
  while (true) {
    const uint64_t writes = writes_;
    CheckSpace(0).IgnoreError();  // or a larger one was refused
    if (made_after != writes && !needs_recovery_ && was_refused_ && MakeSpace()) {
      made_after = writes;
      was_refused_ = false;
    }
    TakeReserve();
    absl::MutexLock lock(&space_mutex_);
    if (space_mutex_.AwaitWithTimeout(absl::Condition(&stopped_), kSpaceInterval)) return;
  }
}

absl::Status RocksDbDatabase::Write(const Pin& pin, rocksdb::WriteBatch& batch) {
  if (pin == nullptr) return NotOpen();
  const uint64_t needed = 2 * batch.GetDataSize();
  if (env_.ahead() < kRoomToWrite / 4 + needed) MakeRoom(&env_, data_dir_, reserve_, kRoomToWrite + needed);
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

uint64_t RocksDbDatabase::StoredBytes() const {
  const Pin opened = PinOpen();
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
  env_.GetChildrenFileAttributes(data_dir_, &files).PermitUncheckedError();
  uint64_t total = 0;
  for (const rocksdb::Env::FileAttributes& file : files) total += file.name == kReserveName ? 0 : file.size_bytes;
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

}  // namespace armstate
