// The functions here convert RocksDB's status to absl::Status.
#ifndef ARMSTATE_STORAGE_ROCKSDB_STATUS_H_
#define ARMSTATE_STORAGE_ROCKSDB_STATUS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "rocksdb/slice.h"
#include "rocksdb/status.h"

namespace armstate {

// Converts the status of a read; `name` is what was read. Not for OK and NotFound.
absl::Status FromRocksDb(const rocksdb::Status& status, absl::string_view name);
// The same of what was acknowledged: DATA_LOSS also if a file is missing.
absl::Status FromRocksDbRead(const rocksdb::Status& status, absl::string_view name);
// UNAVAILABLE or RESOURCE_EXHAUSTED. Of a write also if RocksDB calls it a corruption: then it has met damaged bytes
// before, and takes no writes since.
absl::Status StorageUnavailable(const rocksdb::Status& status);
// RESOURCE_EXHAUSTED: only so many bytes are free, of which some are a reserve.
absl::Status DiskFull(const std::string& data_dir, uint64_t free, uint64_t reserved);
// FAILED_PRECONDITION.
absl::Status DataDirInUse(const std::string& data_dir, const rocksdb::Status& cause);
absl::Status NotOurFolder(const std::string& data_dir, absl::string_view why);
absl::Status UnknownFormat(const std::string& data_dir, absl::string_view what);

inline rocksdb::Slice ToSlice(absl::string_view bytes) { return rocksdb::Slice(bytes.data(), bytes.size()); }
inline absl::string_view ToView(const rocksdb::Slice& slice) { return absl::string_view(slice.data(), slice.size()); }

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ROCKSDB_STATUS_H_
