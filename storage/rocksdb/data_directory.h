// The functions here check data_dir before the database is opened.
#ifndef ARMSTATE_STORAGE_ROCKSDB_DATA_DIRECTORY_H_
#define ARMSTATE_STORAGE_ROCKSDB_DATA_DIRECTORY_H_

#include <string>

#include "absl/status/status.h"
#include "rocksdb/env.h"

namespace armstate {

// The lock file in data_dir, which is held as long as data_dir is open.
inline constexpr char kLockName[] = "armstated.lock";

// Changes nothing. FAILED_PRECONDITION, reason STORAGE_UNAVAILABLE, if the folder has something in it, but not a
// database of armstated: RocksDB removes files whose names it takes for its own, and makes its tables in another
// program's database. OK if it does not exist, is empty (but for lost+found, as a new volume), has been opened by an
// armstated before, or is one that was restored or copied, damaged or not.
absl::Status CheckFolderIsOurs(rocksdb::Env* env, const std::string& data_dir);

// Can a file be made here, written to the disk, and removed?
rocksdb::Status TryFile(rocksdb::Env* env, const std::string& folder);

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ROCKSDB_DATA_DIRECTORY_H_
