// A file system of which the n-th change fails.
#ifndef ARMSTATE_TESTS_STORAGE_ROCKSDB_FAULT_FILE_SYSTEM_H_
#define ARMSTATE_TESTS_STORAGE_ROCKSDB_FAULT_FILE_SYSTEM_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "rocksdb/file_system.h"

namespace armstate {

enum class DiskError { kIoError, kNoSpace };
// Only the one change fails, or all from there on until Repair.
enum class DiskFault { kOnce, kUntilRepaired };

// Changes are: making, renaming and removing files and directories, appending, syncing and closing. Reading always
// works.
//
// Thread-safe.
class FaultFileSystem : public rocksdb::FileSystemWrapper {
 public:
  using FileSystemWrapper::FileSystemWrapper;

  const char* Name() const override { return "FaultFileSystem"; }

  // The change number `n` from now on, counted from 1.
  void FailAt(int64_t n, DiskError error, DiskFault fault) {
    std::lock_guard<std::mutex> lock(mutex_);
    changes_ = 0;
    fail_at_ = n;
    error_ = error;
    fault_ = fault;
  }
  void Repair() {
    std::lock_guard<std::mutex> lock(mutex_);
    fail_at_ = 0;
  }
  // Since FailAt.
  int64_t changes() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return changes_;
  }

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* context) override {
    rocksdb::IOStatus status = Change();
    if (status.ok()) status = FileSystemWrapper::NewWritableFile(path, options, file, context);
    if (status.ok()) *file = std::make_unique<File>(std::move(*file), *this);
    return status;
  }
  rocksdb::IOStatus NewDirectory(const std::string& path, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* directory,
                                 rocksdb::IODebugContext* context) override {
    rocksdb::IOStatus status = FileSystemWrapper::NewDirectory(path, options, directory, context);
    if (status.ok()) *directory = std::make_unique<Directory>(std::move(*directory), *this);
    return status;
  }
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override {
    const rocksdb::IOStatus status = Change();
    return status.ok() ? FileSystemWrapper::RenameFile(from, to, options, context) : status;
  }
  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override {
    const rocksdb::IOStatus status = Change();
    return status.ok() ? FileSystemWrapper::DeleteFile(path, options, context) : status;
  }
  rocksdb::IOStatus CreateDirIfMissing(const std::string& path, const rocksdb::IOOptions& options,
                                       rocksdb::IODebugContext* context) override {
    const rocksdb::IOStatus status = Change();
    return status.ok() ? FileSystemWrapper::CreateDirIfMissing(path, options, context) : status;
  }

 private:
  class File : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    File(std::unique_ptr<rocksdb::FSWritableFile> file, FaultFileSystem& owner)
        : FSWritableFileOwnerWrapper(std::move(file)), owner_(owner) {}

    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* context) override {
      const rocksdb::IOStatus status = owner_.Change();
      return status.ok() ? FSWritableFileOwnerWrapper::Append(data, options, context) : status;
    }
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             const rocksdb::DataVerificationInfo&, rocksdb::IODebugContext* context) override {
      return Append(data, options, context);
    }
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
      const rocksdb::IOStatus status = owner_.Change();
      return status.ok() ? FSWritableFileOwnerWrapper::Sync(options, context) : status;
    }
    rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
      return Sync(options, context);
    }
    // The file is closed all the same.
    rocksdb::IOStatus Close(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
      const rocksdb::IOStatus fault = owner_.Change();
      const rocksdb::IOStatus status = FSWritableFileOwnerWrapper::Close(options, context);
      return fault.ok() ? status : fault;
    }

   private:
    FaultFileSystem& owner_;
  };

  class Directory : public rocksdb::FSDirectoryWrapper {
   public:
    Directory(std::unique_ptr<rocksdb::FSDirectory> directory, FaultFileSystem& owner)
        : FSDirectoryWrapper(std::move(directory)), owner_(owner) {}

    rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
      const rocksdb::IOStatus status = owner_.Change();
      return status.ok() ? FSDirectoryWrapper::Fsync(options, context) : status;
    }
    rocksdb::IOStatus FsyncWithDirOptions(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context,
                                          const rocksdb::DirFsyncOptions& directory_options) override {
      const rocksdb::IOStatus status = owner_.Change();
      return status.ok() ? FSDirectoryWrapper::FsyncWithDirOptions(options, context, directory_options) : status;
    }

   private:
    FaultFileSystem& owner_;
  };

  rocksdb::IOStatus Change() {
    std::lock_guard<std::mutex> lock(mutex_);
    ++changes_;
    const bool fails =
        fail_at_ > 0 && (changes_ == fail_at_ || (changes_ > fail_at_ && fault_ == DiskFault::kUntilRepaired));
    if (!fails) return rocksdb::IOStatus::OK();
    return error_ == DiskError::kNoSpace ? rocksdb::IOStatus::NoSpace("test: no space")
                                         : rocksdb::IOStatus::IOError("test: I/O error");
  }

  // Guards all after it.
  mutable std::mutex mutex_;
  int64_t changes_ = 0;
  int64_t fail_at_ = 0;  // 0: never
  DiskError error_ = DiskError::kIoError;
  DiskFault fault_ = DiskFault::kOnce;
};

}  // namespace armstate

#endif  // ARMSTATE_TESTS_STORAGE_ROCKSDB_FAULT_FILE_SYSTEM_H_
