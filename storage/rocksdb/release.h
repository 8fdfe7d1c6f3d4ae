// `CheckRocksDbRelease` checks which release of RocksDB wrote a database.
#ifndef ARMSTATE_STORAGE_ROCKSDB_RELEASE_H_
#define ARMSTATE_STORAGE_ROCKSDB_RELEASE_H_

#include <string>

#include "absl/status/status.h"
#include "rocksdb/env.h"

namespace armstate {

// Looks at a database that is not open. RocksDB reads what its earlier releases wrote, and begins to write as the new
// one does; it does not promise the other direction, and takes what it does not know for damage.
// * FAILED_PRECONDITION, reason STORAGE_UNAVAILABLE: a later RocksDB than this program's wrote it.
// * OK also if that is not known: RocksDB notes its release in a file with its options, which it does not need.
absl::Status CheckRocksDbRelease(rocksdb::Env* env, const std::string& data_dir);

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ROCKSDB_RELEASE_H_
