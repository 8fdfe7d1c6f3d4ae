// A file system that watches RocksDB's write-ahead log, makes it fail, and has as much space as it is told.
#ifndef ARMSTATE_TESTS_STORAGE_ROCKSDB_LOG_FILE_SYSTEM_H_
#define ARMSTATE_TESTS_STORAGE_ROCKSDB_LOG_FILE_SYSTEM_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "rocksdb/file_system.h"

namespace armstate {

enum class LogFault { kNone, kAppendFindsNoSpace, kSyncFails };

// Thread-safe.
class LogFileSystem : public rocksdb::FileSystemWrapper {
 public:
  using FileSystemWrapper::FileSystemWrapper;

  const char* Name() const override { return "LogFileSystem"; }

  void set_fault(LogFault fault) { fault_ = fault; }
  // Bytes of all logs that were written but not synced since.
  size_t unsynced_bytes() const { return unsynced_bytes_; }
  int syncs() const { return syncs_; }
  void set_free_bytes(uint64_t bytes) { free_bytes_ = bytes; }

  rocksdb::IOStatus GetFreeSpace(const std::string&, const rocksdb::IOOptions&, uint64_t* bytes,
                                 rocksdb::IODebugContext*) override {
    *bytes = free_bytes_;
    return rocksdb::IOStatus::OK();
  }

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* context) override {
    rocksdb::IOStatus status = FileSystemWrapper::NewWritableFile(path, options, file, context);
    if (status.ok() && absl::EndsWith(path, ".log")) *file = std::make_unique<LogFile>(std::move(*file), *this);
    return status;
  }

 private:
  class LogFile : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    LogFile(std::unique_ptr<rocksdb::FSWritableFile> file, LogFileSystem& owner)
        : FSWritableFileOwnerWrapper(std::move(file)), owner_(owner) {}

    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* context) override {
      if (owner_.fault_ == LogFault::kAppendFindsNoSpace) return rocksdb::IOStatus::NoSpace("test: no space");
      owner_.unsynced_bytes_ += data.size();
      return FSWritableFileOwnerWrapper::Append(data, options, context);
    }
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             const rocksdb::DataVerificationInfo&, rocksdb::IODebugContext* context) override {
      return Append(data, options, context);
    }
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
      if (owner_.fault_ == LogFault::kSyncFails) return rocksdb::IOStatus::IOError("test: sync failed");
      owner_.unsynced_bytes_ = 0;
      ++owner_.syncs_;
      return FSWritableFileOwnerWrapper::Sync(options, context);
    }
    rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
      return Sync(options, context);
    }

   private:
    LogFileSystem& owner_;
  };

  std::atomic<LogFault> fault_ = LogFault::kNone;
  std::atomic<size_t> unsynced_bytes_ = 0;
  std::atomic<int> syncs_ = 0;
  std::atomic<uint64_t> free_bytes_ = uint64_t{1} << 40;
};

}  // namespace armstate

#endif  // ARMSTATE_TESTS_STORAGE_ROCKSDB_LOG_FILE_SYSTEM_H_
