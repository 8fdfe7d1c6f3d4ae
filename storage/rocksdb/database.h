// `RocksDbDatabase` is the RocksDB database that the stores share.
#ifndef ARMSTATE_STORAGE_ROCKSDB_DATABASE_H_
#define ARMSTATE_STORAGE_ROCKSDB_DATABASE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "rocksdb/db.h"
#include "rocksdb/statistics.h"
#include "rocksdb/utilities/write_batch_with_index.h"
#include "rocksdb/write_batch.h"
#include "storage/encryption/data_keys.h"
#include "storage/rocksdb/column_family.h"
#include "storage/rocksdb/data_directory.h"
#include "storage/rocksdb/log_guard.h"
#include "storage/rocksdb/opened.h"
#include "storage/rocksdb/space_reserve.h"
#include "storage/rocksdb/status.h"
#include "storage/storage_options.h"

namespace armstate {

// Thread-safe, but for Close. Only storage/ includes this.
//
// After a write has failed, RocksDB takes no more of them, or none for some time, though the disk may be whole again:
// then the database is closed and reopened (Recover), while this object stays. So whoever uses a handle or an
// iterator keeps the database open meanwhile: an iterator does so by itself, operations of the commit queue need
// nothing, as Recover is called between them, and others use Pin and its handles.
class RocksDbDatabase {
 public:
  // Keeps the database open; null if it is not.
  using Pin = std::shared_ptr<OpenedRocksDb>;

  // See RocksDbStorage::Open.
  static absl::StatusOr<std::unique_ptr<RocksDbDatabase>> Open(const std::string& data_dir,
                                                               const StorageOptions& options);

  RocksDbDatabase(const RocksDbDatabase&) = delete;
  RocksDbDatabase& operator=(const RocksDbDatabase&) = delete;
  ~RocksDbDatabase();

  // See RocksDbStorage::Close.
  absl::Status Close();

  // The value of a key, if it is there. `name` is what the key holds, for the error.
  absl::StatusOr<absl::optional<std::string>> Get(ColumnFamily family, absl::string_view key,
                                                  absl::string_view name) const;
  // The same, as it will be when this batch is written.
  absl::StatusOr<absl::optional<std::string>> Get(rocksdb::WriteBatchWithIndex& batch, ColumnFamily family,
                                                  absl::string_view key, absl::string_view name) const;
  // Over keys before `end` (exclusive, "" for all). `end` must outlive the iterator.
  std::unique_ptr<rocksdb::Iterator> NewIterator(ColumnFamily family, const rocksdb::Slice& end) const;

  // Encrypts a value before it is put into a batch, if the database is encrypted and the family's values are, and
  // decrypts the value of an iterator. Get decrypts by itself.
  std::string Encrypt(ColumnFamily family, absl::string_view key, std::string value) const;
  absl::StatusOr<std::string> Decrypt(ColumnFamily family, absl::string_view key, absl::string_view value,
                                      absl::string_view name) const;

  // The keys of the encryption, which are kept with the data; null if it is not encrypted.
  std::shared_ptr<const DataKeys> data_keys() const {
    const absl::MutexLock lock(&mutex_);
    return data_keys_;
  }
  // Stores the keys, wrapped with this one, and uses them from then on.
  absl::Status ChangeDataKeys(std::shared_ptr<const DataKeys> keys, const WrappingKey& wrapping);
  // Unwraps the stored keys; makes them if there are none. Without a key: nothing, if nothing is encrypted.
  // FAILED_PRECONDITION, reason ENCRYPTION_KEY_WRONG, if the key is another one or there is none.
  absl::Status OpenDataKeys(const absl::optional<WrappingKey>& wrapping);

  Pin PinOpen() const;
  // UNAVAILABLE: what to answer when there is no pin.
  static absl::Status NotOpen();
  // For a batch of the commit queue, whose thread calls Recover, and before there is one. Others use a pin's.
  rocksdb::ColumnFamilyHandle* handle(ColumnFamily family) const;
  // RESOURCE_EXHAUSTED, reason STORAGE_UNAVAILABLE, if the disk is too full to store so much more. For whatever does
  // not delete.
  absl::Status CheckSpace(size_t bytes) const { return CheckSpace(FreeBytes(), bytes); }
  // The same, when so many bytes were free.
  absl::Status CheckSpace(uint64_t free, size_t bytes) const;
  // On the disk, with the reserve. A file system that cannot tell, as the one in memory, is taken to have enough.
  uint64_t FreeBytes() const;
  // All or nothing, and on disk when it answers OK. After an error (UNAVAILABLE, RESOURCE_EXHAUSTED) it may be there or
  // not.
  absl::Status Write(rocksdb::WriteBatch& batch) { return Write(PinOpen(), batch); }
  // The same into the database that is pinned. UNAVAILABLE if none is.
  absl::Status Write(const Pin& pin, rocksdb::WriteBatch& batch);

  // A write has failed, and the database has not been opened since.
  bool needs_recovery() const { return needs_recovery_; }
  // By this object; at least 1.
  uint64_t times_opened() const { return times_opened_; }
  // Reopens the database, if a file can be written again; if that fails, read-only. Waits for those who keep
  // it open, but not long: if they do not end, UNAVAILABLE, and all is as it was. The caller keeps nothing open. Not to
  // be called by two threads at once.
  absl::Status Recover();
  // The database waits to be closed: who has long use of it ends that, if he can, and answers as NotOpen.
  bool is_closing() const { return is_closing_; }

  // Calls a function with RocksDB's own object, and keeps it open meanwhile. If that may take long, see is_closing.
  absl::Status Use(const std::function<rocksdb::Status(rocksdb::DB&)>& use);
  // Brings everything into its lowest and densest form, as RocksDB does little by little by itself.
  absl::Status Compact();
  // Bytes of all tables and blob files.
  uint64_t StoredBytes() const;
  // See StorageStatistics.
  uint64_t DiskBytes() const;
  std::map<std::string, int64_t> Counters() const;

 private:
  RocksDbDatabase(rocksdb::Env* env, const std::string& data_dir, const StorageOptions& options,
                  rocksdb::FileLock* lock)
      : is_on_disk_(options.env == nullptr),
        env_(env, is_on_disk_),
        data_dir_(data_dir),
        options_(options),
        lock_(lock),
        lock_file_(is_on_disk_ ? FileIdentity::Of(LockFile(data_dir)) : absl::nullopt),
        reserve_(is_on_disk_ ? absl::StrCat(data_dir, "/", kReserveName) : "") {}

  static std::string LockFile(const std::string& data_dir) { return absl::StrCat(data_dir, "/", kLockName); }

  static constexpr char kReserveName[] = "RESERVE";
  // With this much free space no closer check is needed.
  static constexpr uint64_t kPlentyBytes = uint64_t{1} << 30;
  // Below this some of the reserve is given back before a write, whose own bytes come on top, if the log has no space
  // ahead: for what RocksDB and the file system add.
  static constexpr uint64_t kRoomToWrite = uint64_t{1} << 20;
  // For the files that RocksDB makes when it opens a database.
  static constexpr uint64_t kRoomToOpen = uint64_t{4} << 20;

  // In database.cc: opening, closing, reading and writing.
  enum class Mode { kReadWrite, kReadOnly };
  absl::Status OpenRocksDb(Mode mode);
  // Waits until all pins are released. If that takes longer than `patience`: TimedOut, and it stays open.
  rocksdb::Status CloseRocksDb(bool flush, absl::Duration patience);
  absl::Status CheckFormat();

  // In database_recovery.cc, with Recover.
  // UNAVAILABLE if data_dir is not the one that was opened.
  absl::Status CheckDirectory() const;
  // Logs which files are missing that have large records.
  void TellMissingFiles() const;

  // In database_space.cc.
  uint64_t FreeOnDisk() const;
  // Gives back some of the reserve, until so much is free.
  void MakeRoom(uint64_t bytes);
  // The bytes that RocksDB has not flushed to tables yet.
  uint64_t UnflushedBytes() const;
  void KeepSpaceLoop();
  // Brings back the space of what was deleted. False if there is no space to do so.
  bool MakeSpace();
  // Half of what is free, beside what a flush needs, up to all of the reserve: who has little still can delete.
  void TakeReserve();

  const bool is_on_disk_;
  mutable GuardedEnv env_;
  const std::string data_dir_;
  const StorageOptions options_;
  rocksdb::FileLock* lock_;
  // As it was made; nothing if it is not on disk.
  const absl::optional<FileIdentity> lock_file_;
  SpaceReserve reserve_;
  // Keeps counting when the database is reopened.
  const std::shared_ptr<rocksdb::Statistics> counters_ = rocksdb::CreateDBStatistics();
  std::atomic<bool> needs_recovery_ = false;
  std::atomic<bool> is_closing_ = false;
  std::atomic<uint64_t> times_opened_ = 0;
  std::atomic<uint64_t> writes_ = 0;
  // For want of space, since space was made.
  mutable std::atomic<bool> was_refused_ = false;
  // How long Recover waits for readers, during which no new reads begin, and when it may wait again: reads take
  // milliseconds, unless the disk hangs.
  static constexpr absl::Duration kPatienceWithReaders = absl::Milliseconds(100);
  static constexpr absl::Duration kMaxPatienceWithReaders = absl::Seconds(2);
  absl::Duration patience_with_readers_ = kPatienceWithReaders;
  absl::Time next_recovery_ = absl::InfinitePast();
  mutable absl::Mutex mutex_;
  // Null while the database is being reopened.
  std::shared_ptr<OpenedRocksDb> opened_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const DataKeys> data_keys_ ABSL_GUARDED_BY(mutex_);

  absl::Mutex space_mutex_;
  bool stopped_ ABSL_GUARDED_BY(space_mutex_) = false;
  std::thread space_keeper_;
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ROCKSDB_DATABASE_H_
