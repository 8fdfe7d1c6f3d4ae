#include "storage/rocksdb/status.h"

#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "storage/storage_errors.h"

namespace armstate {

absl::Status FromRocksDb(const rocksdb::Status& status, absl::string_view name) {
  return status.IsCorruption() ? RecordDamaged(name, status.ToString()) : StorageUnavailable(status);
}

absl::Status FromRocksDbRead(const rocksdb::Status& status, absl::string_view name) {
  return status.IsPathNotFound() ? RecordDamaged(name, status.ToString()) : FromRocksDb(status, name);
}

absl::Status StorageUnavailable(const rocksdb::Status& status) {
  const std::string cause = status.ToString();
  const bool full = status.IsNoSpace() || status.subcode() == rocksdb::Status::kSpaceLimit;
  return MakeError(full ? absl::StatusCode::kResourceExhausted : absl::StatusCode::kUnavailable,
                   ErrorReason::kStorageUnavailable, absl::StrCat("storage: ", cause), {{"cause", cause}});
}

absl::Status DataDirInUse(const std::string& data_dir, const rocksdb::Status& cause) {
  return MakeError(absl::StatusCode::kFailedPrecondition, ErrorReason::kStorageUnavailable,
                   absl::StrCat("another armstated uses this data_dir: ", data_dir, " (", cause.ToString(), ")"),
                   {{"cause", cause.ToString()}});
}

absl::Status NotOurFolder(const std::string& data_dir, absl::string_view why) {
  return MakeError(absl::StatusCode::kFailedPrecondition, ErrorReason::kStorageUnavailable,
                   absl::StrCat(data_dir, " is no data_dir of armstated: ", why,
                                ". Nothing was changed; name a folder that is empty or does not exist"),
                   {{"cause", std::string(why)}});
}

absl::Status UnknownFormat(const std::string& data_dir, absl::string_view what) {
  return MakeError(absl::StatusCode::kFailedPrecondition, ErrorReason::kStorageUnavailable,
                   absl::StrCat("another version of armstated wrote ", data_dir, ": ", what,
                                ". Use that version, or another folder"),
                   {{"cause", std::string(what)}});
}

absl::Status DiskFull(const std::string& data_dir, uint64_t free, uint64_t reserved) {
  const std::string cause =
      absl::StrCat("only ", free, " bytes are free in ", data_dir, ", of which ", reserved, " are a reserve");
  return MakeError(absl::StatusCode::kResourceExhausted, ErrorReason::kStorageUnavailable,
                   absl::StrCat("storage: ", cause), {{"cause", cause}});
}

}  // namespace armstate
