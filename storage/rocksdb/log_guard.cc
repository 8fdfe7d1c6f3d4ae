#include "storage/rocksdb/log_guard.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "storage/format/byte_codec.h"
#include "storage/format/crc32c.h"
#include "storage/rocksdb/status.h"

namespace armstate {
namespace {

constexpr absl::string_view kLogSuffix = ".log";
constexpr absl::string_view kListPrefix = "MANIFEST-";
constexpr absl::string_view kSyncedSuffix = ".synced";
// A thousand deletions and more.
constexpr uint64_t kAheadBytes = uint64_t{1} << 20;

bool IsWatched(absl::string_view path) {
  const absl::string_view name = path.substr(path.rfind('/') + 1);
  return absl::EndsWith(name, kLogSuffix) || (absl::StartsWith(name, kListPrefix) && !absl::StrContains(name, '.'));
}

std::string EncodeSynced(uint64_t bytes) {
  ByteWriter writer;
  writer.U64(bytes);
  std::string value = std::move(writer).Release();
  ByteWriter checksum;
  checksum.U32(Crc32c(value));
  return value + std::move(checksum).Release();
}

}  // namespace

absl::optional<FileIdentity> FileIdentity::Of(const std::string& path) {
  struct stat found;
  if (stat(path.c_str(), &found) != 0) return absl::nullopt;
  FileIdentity identity;
  identity.device_ = found.st_dev;
  identity.inode_ = found.st_ino;
  identity.size_ = static_cast<uint64_t>(found.st_size);
  return identity;
}

// RocksDB calls it from one thread at a time, but for Sync.
class LogGuard::Log : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  Log(std::unique_ptr<rocksdb::FSWritableFile> file, LogGuard& guard, std::string path)
      : FSWritableFileOwnerWrapper(std::move(file)), guard_(guard), path_(std::move(path)) {
    if (!guard_.is_on_disk_) return;
    made_ = FileIdentity::Of(path_);
    if (absl::EndsWith(path_, kLogSuffix)) descriptor_ = open(path_.c_str(), O_WRONLY | O_CLOEXEC);
    TakeAhead();
  }
  ~Log() override {
    if (descriptor_ >= 0) close(descriptor_);
  }

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* context) override {
    // A log that was cut would have a hole after this.
    rocksdb::IOStatus status = CheckPlace();
    if (status.ok()) status = FSWritableFileOwnerWrapper::Append(data, options, context);
    if (status.ok()) bytes_ += data.size();
    TakeAhead();
    return status;
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo&, rocksdb::IODebugContext* context) override {
    return Append(data, options, context);
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    const uint64_t bytes = bytes_;
    rocksdb::IOStatus status = FSWritableFileOwnerWrapper::Sync(options, context);
    if (status.ok()) status = CheckPlace();
    if (status.ok()) Note(bytes);
    return status;
  }
  rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    return Sync(options, context);
  }

 private:
  rocksdb::IOStatus CheckPlace() const {
    if (!made_) return rocksdb::IOStatus::OK();
    const absl::optional<FileIdentity> found = FileIdentity::Of(path_);
    const char* change = nullptr;
    if (!found) {
      change = " is gone";
    } else if (!found->SameFile(*made_)) {
      change = " is another file";
    } else if (found->size() < bytes_) {
      change = " was cut";
    }
    if (change == nullptr) return rocksdb::IOStatus::OK();
    return rocksdb::IOStatus::IOError(absl::StrCat(path_, change, " since it was written: put data_dir back"));
  }

  // Takes space behind the end of the log, which no other program gets then.
  void TakeAhead() {
    if (descriptor_ < 0) return;
    const uint64_t end = bytes_;
    if (taken_ < end + kAheadBytes / 2 &&
        fallocate(descriptor_, FALLOC_FL_KEEP_SIZE, static_cast<off_t>(end), static_cast<off_t>(kAheadBytes)) == 0) {
      taken_ = end + kAheadBytes;
    }
    guard_.ahead_ = taken_ - std::min(taken_, end);
  }

  // Nothing is acknowledged by it, so what fails is left for the next time.
  void Note(uint64_t bytes) {
    if (bytes == 0) return;
    const rocksdb::IOOptions options;
    if (synced_ == nullptr) {
      const std::string path = SyncedFileOf(path_);
      std::unique_ptr<rocksdb::FSWritableFile> empty;
      rocksdb::FileSystem& files = *guard_.target();
      rocksdb::IOStatus status = files.NewWritableFile(path, rocksdb::FileOptions(), &empty, nullptr);
      if (status.ok()) status = empty->Close(options, nullptr);
      if (status.ok()) status = files.NewRandomRWFile(path, rocksdb::FileOptions(), &synced_, nullptr);
      if (!status.ok()) return;
    }
    synced_->Write(0, EncodeSynced(bytes), options, nullptr).PermitUncheckedError();
  }

  LogGuard& guard_;
  const std::string path_;
  int descriptor_ = -1;  // of a log on disk
  uint64_t taken_ = 0;   // up to here there is space
  // The identity of the file when it was created; nullopt if it is not on disk.
  absl::optional<FileIdentity> made_;
  std::atomic<uint64_t> bytes_ = 0;
  std::unique_ptr<rocksdb::FSRandomRWFile> synced_;
};

rocksdb::IOStatus LogGuard::NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                            std::unique_ptr<rocksdb::FSWritableFile>* file,
                                            rocksdb::IODebugContext* context) {
  if (!IsWatched(path)) return FileSystemWrapper::NewWritableFile(path, options, file, context);
  // A file that is left of an earlier log of this number would state the bytes of that log.
  rocksdb::IOStatus status = target()->DeleteFile(SyncedFileOf(path), rocksdb::IOOptions(), nullptr);
  if (!status.ok() && !status.IsNotFound() && !status.IsPathNotFound()) return status;
  status = FileSystemWrapper::NewWritableFile(path, options, file, context);
  if (status.ok()) *file = std::make_unique<Log>(std::move(*file), *this, path);
  return status;
}

rocksdb::IOStatus LogGuard::DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                                       rocksdb::IODebugContext* context) {
  if (IsWatched(path)) {
    target()->DeleteFile(SyncedFileOf(path), options, nullptr).PermitUncheckedError();
  }
  return FileSystemWrapper::DeleteFile(path, options, context);
}

GuardedEnv::GuardedEnv(rocksdb::Env* env, bool is_on_disk)
    : EnvWrapper(env), guard_(std::make_shared<LogGuard>(env->GetFileSystem(), is_on_disk)) {
  file_system_ = guard_;
  system_clock_ = env->GetSystemClock();
}

rocksdb::Status GuardedEnv::DeleteFile(const std::string& path) {
  return file_system_->DeleteFile(path, rocksdb::IOOptions(), nullptr);
}

std::string SyncedFileOf(absl::string_view path) {
  return absl::StrCat(absl::StripSuffix(path, kLogSuffix), kSyncedSuffix);
}

std::string LogOfSyncedFile(absl::string_view name) {
  return absl::ConsumeSuffix(&name, kSyncedSuffix) ? absl::StrCat(name, kLogSuffix) : "";
}

uint64_t SyncedBytes(rocksdb::Env* env, const std::string& path) {
  std::string value;
  if (!rocksdb::ReadFileToString(env, path, &value).ok()) return 0;
  const uint64_t bytes = ByteReader(value).U64();
  return value == EncodeSynced(bytes) ? bytes : 0;
}

}  // namespace armstate
