#include "storage/rocksdb/commit_batch.h"

namespace armstate {

absl::Status CommitBatch::CheckSpace(const RocksDbDatabase& database, size_t bytes) {
  if (!free_bytes_) free_bytes_ = database.FreeBytes();
  absl::Status status = database.CheckSpace(*free_bytes_, wanted_bytes_ + bytes);
  if (status.ok()) wanted_bytes_ += bytes;
  return status;
}

}  // namespace armstate
