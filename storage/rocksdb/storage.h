// `RocksDbStorage` is the embedded store: one RocksDB database in one directory.
#ifndef ARMSTATE_STORAGE_ROCKSDB_STORAGE_H_
#define ARMSTATE_STORAGE_ROCKSDB_STORAGE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/backup.h"
#include "storage/checkpoint_store.h"
#include "storage/commit_statistics.h"
#include "storage/encryption/data_keys.h"
#include "storage/record_store.h"
#include "storage/storage_options.h"

namespace armstate {

struct StorageStatistics {
  CommitStatistics commits;
  // The size of all files that hold data, except the log.
  uint64_t stored_bytes = 0;
  // The size of all files in data_dir.
  uint64_t disk_bytes = 0;
  // RocksDB's counters since Open by their names there, e.g. "rocksdb.wal.synced", and of each of its histograms
  // ".count", ".sum" (of microseconds, as a rule), ".p50", ".p99" and ".max"; those that are not 0.
  std::map<std::string, int64_t> rocksdb;
};

// Every change is on disk (in the synced write-ahead log) when the call that made it answers, and survives the process
// and the machine. All bytes that are read pass RocksDB's checksums and our own.
//
// Example:
//   absl::StatusOr<std::unique_ptr<RocksDbStorage>> storage = RocksDbStorage::Open("/var/lib/armstate", {});
//   if (!storage.ok()) return storage.status();
//   CheckpointRepository repository((*storage)->checkpoints());
//
// Thread-safe, but for Close.
class RocksDbStorage {
 public:
  // Opens the database in `data_dir`, which is made if it does not exist (its parent must).
  // * FAILED_PRECONDITION: another armstated uses this data_dir, or another version wrote it in a format that this one
  // does not know, or a later RocksDB than this one's did; or OpenSSL has no SHA-256; or CheckDataDir says so. Reason
  // ENCRYPTION_KEY_WRONG: it is encrypted with another key, or there is none.
  // * DATA_LOSS, reason RECORD_DAMAGED: the database is damaged beyond a single record; metadata "record" is data_dir.
  // * UNAVAILABLE or RESOURCE_EXHAUSTED, reason STORAGE_UNAVAILABLE: it cannot be read or written; metadata "cause".
  static absl::StatusOr<std::unique_ptr<RocksDbStorage>> Open(const std::string& data_dir,
                                                              const StorageOptions& options);

  // Changes nothing. FAILED_PRECONDITION, reason STORAGE_UNAVAILABLE: the folder has files that are not a database of
  // armstate. For callers that change something in the folder before Open, which checks it, too.
  static absl::Status CheckDataDir(const std::string& data_dir);

  // Closes, if Close was not called.
  ~RocksDbStorage();

  CheckpointStore& checkpoints();
  RecordStore& records();

  // Brings everything into its densest form now, which otherwise happens little by little. Takes as long as reading and
  // writing all of it.
  absl::Status Compact();

  StorageStatistics statistics() const;
  // OK if a commit would be accepted, as far as is known without one. Else UNAVAILABLE or RESOURCE_EXHAUSTED, reason
  // STORAGE_UNAVAILABLE, after a write has failed and when the disk is too full.
  absl::Status CheckWritable() const;

  enum class NewDataKey { kNo, kMake };
  // Wraps the data keys with this key from now on, in this database and the backups that are made of it from now on;
  // and makes a new data key, with which records are encrypted from now on. Returns the number of the newest data key.
  // FAILED_PRECONDITION, reason ENCRYPTION_KEY_WRONG: the database is not encrypted, or has too many data keys. Errors
  // of the disk: then the keys may have been changed on disk or not, and are to be changed again.
  absl::StatusOr<uint32_t> ChangeKeys(const WrappingKey& wrapping, NewDataKey new_data_key);
  // The number of the newest data key; 0 if the database is not encrypted.
  uint32_t data_key() const;

  // Adds a backup to a folder, which is made if it does not exist (its parent must), and verifies it; commits go on
  // meanwhile. Copies only what the folder does not have. UNAVAILABLE, reason STORAGE_UNAVAILABLE, if another one is
  // being made, or the folder cannot be written. DATA_LOSS, reason RECORD_DAMAGED, if it does not verify: a copy is
  // another than what was copied, or a table was damaged before. Large records, which are in no tables, are copied as
  // they are. CANCELLED soon after `cancelled` is true: it is asked now and then, but not while the copies are
  // verified. What fails leaves no backup.
  absl::StatusOr<Backup> CreateBackup(
      const std::string& backup_dir, const std::function<bool()>& cancelled = [] { return false; });

  // Brings the write-ahead log into the tables if there is space for it, so that the next Open is quick, and gives
  // data_dir free. Nothing acknowledged depends on it. No call of the stores may run or come after. A second Close does
  // nothing.
  absl::Status Close();

 private:
  class Impl;
  explicit RocksDbStorage(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ROCKSDB_STORAGE_H_
