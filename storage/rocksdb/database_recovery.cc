// The part of RocksDbDatabase that reopens it after an error.
#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "rocksdb/metadata.h"
#include "storage/rocksdb/data_directory.h"
#include "storage/rocksdb/database.h"
#include "storage/rocksdb/log_check.h"

namespace armstate {

absl::Status RocksDbDatabase::Recover() {
  // While nothing can be written, what is open still serves the reads.
  if (absl::Status status = CheckDirectory(); !status.ok()) return status;
  MakeRoom(kRoomToOpen);
  const rocksdb::Status whole = TryFile(&env_, data_dir_);
  if (!whole.ok()) return StorageUnavailable(whole);
  // The open database still has what a log lost, for reading.
  if (absl::Status status = CheckRocksDbLogs(&env_, data_dir_); !status.ok()) return status;
  // A failed write may be in the log or not; opening decides it. RocksDB's own Resume does not take up a log
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
  return StorageUnavailable(rocksdb::Status::ShutdownInProgress("the database is being reopened after an error"));
}

absl::Status RocksDbDatabase::CheckDirectory() const {
  if (!lock_file_) return absl::OkStatus();
  const absl::optional<FileIdentity> found = FileIdentity::Of(LockFile(data_dir_));
  if (found && found->SameFile(*lock_file_)) return absl::OkStatus();
  return StorageUnavailable(rocksdb::Status::IOError(
      absl::StrCat(data_dir_, " was removed or replaced since it was opened"), "put it back, or restart armstated"));
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

}  // namespace armstate
