// `LogGuard` records how much of RocksDB's write-ahead logs and of its list of tables (MANIFEST) is on disk, and
// notices when one of these files is gone. docs/storage-format.md defines the files that it writes (NUMBER.synced,
// MANIFEST-NUMBER.synced); docs/decisions/0020 says why.
//
// RocksDB opens a database without complaint if its newest log is missing or empty, or if the list of tables ends
// between two entries, and goes on writing into a file that was removed.
//
// A .synced file is written after each sync and is not synced itself: it survives the process, and after a crash of the
// machine it may state less, but never more than there is. A missing or unreadable one states nothing; nor does
// one whose log RocksDB has given up (storage/rocksdb/log_check.h), so it does not matter which of the two files
// is removed first, or whether one of them cannot be removed.
#ifndef ARMSTATE_STORAGE_ROCKSDB_LOG_GUARD_H_
#define ARMSTATE_STORAGE_ROCKSDB_LOG_GUARD_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "rocksdb/env.h"
#include "rocksdb/file_system.h"

namespace armstate {

// `FileIdentity` is the identity of the file at a path; nullopt if there is no file.
class FileIdentity {
 public:
  static absl::optional<FileIdentity> Of(const std::string& path);
  uint64_t size() const { return size_; }
  bool SameFile(const FileIdentity& other) const { return device_ == other.device_ && inode_ == other.inode_; }

 private:
  uint64_t device_ = 0;
  uint64_t inode_ = 0;
  uint64_t size_ = 0;
};

// Forwards all calls, and writes the files above. With `is_on_disk`, a write into a watched file, or its sync, also
// fails if its path leads to another file, to none, or to a shorter one; and a log has some space ahead, which other
// programs cannot take.
//
// Thread-safe.
class LogGuard : public rocksdb::FileSystemWrapper {
 public:
  LogGuard(std::shared_ptr<rocksdb::FileSystem> files, bool is_on_disk)
      : FileSystemWrapper(std::move(files)), is_on_disk_(is_on_disk) {}

  const char* Name() const override { return "LogGuard"; }
  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override;
  // The bytes by which the present log can grow even if nothing is free on the disk.
  uint64_t ahead() const { return ahead_; }

 private:
  class Log;

  const bool is_on_disk_;
  std::atomic<uint64_t> ahead_ = 0;
};

// An environment whose files are watched.
class GuardedEnv : public rocksdb::EnvWrapper {
 public:
  // `env` must outlive it.
  GuardedEnv(rocksdb::Env* env, bool is_on_disk);
  // RocksDB removes lists of tables by this one.
  rocksdb::Status DeleteFile(const std::string& path) override;
  // See LogGuard.
  uint64_t ahead() const { return guard_->ahead(); }

 private:
  const std::shared_ptr<LogGuard> guard_;
};

// "000012.synced" of "000012.log", "MANIFEST-000013.synced" of "MANIFEST-000013"; of a path, too.
std::string SyncedFileOf(absl::string_view path);
// "000012.log" of "000012.synced"; "" of a name without that end.
std::string LogOfSyncedFile(absl::string_view name);
// The number in a .synced file; 0 if it cannot be read.
uint64_t SyncedBytes(rocksdb::Env* env, const std::string& path);

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ROCKSDB_LOG_GUARD_H_
