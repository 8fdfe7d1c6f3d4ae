// `CommitBatch` collects the changes of several operations that are written together.
#ifndef ARMSTATE_STORAGE_ROCKSDB_COMMIT_BATCH_H_
#define ARMSTATE_STORAGE_ROCKSDB_COMMIT_BATCH_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "rocksdb/utilities/write_batch_with_index.h"
#include "storage/rocksdb/database.h"

namespace armstate {

// An operation reads through it what those before it in the batch have changed.
class CommitBatch : public rocksdb::WriteBatchWithIndex {
 public:
  CommitBatch() : WriteBatchWithIndex(rocksdb::BytewiseComparator(), 0, /*overwrite_key=*/true) {}
  // RocksDbDatabase::CheckSpace for so much more than was asked about before. Asks the disk once.
  absl::Status CheckSpace(const RocksDbDatabase& database, size_t bytes);

 private:
  absl::optional<uint64_t> free_bytes_;
  size_t wanted_bytes_ = 0;
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ROCKSDB_COMMIT_BATCH_H_
