#include "storage/rocksdb_storage.h"

#include <utility>

#include "storage/rocksdb_checkpoint_store.h"
#include "storage/rocksdb_database.h"
#include "storage/rocksdb_record_store.h"

namespace armstate {

class RocksDbStorage::Impl {
 public:
  explicit Impl(std::unique_ptr<RocksDbDatabase> database)
      : database_(std::move(database)), checkpoints_(*database_), records_(*database_) {}

  RocksDbDatabase& database() { return *database_; }
  RocksDbCheckpointStore& checkpoints() { return checkpoints_; }
  RecordStore& records() { return records_; }

 private:
  std::unique_ptr<RocksDbDatabase> database_;
  RocksDbCheckpointStore checkpoints_;
  RocksDbRecordStore records_;
};

absl::StatusOr<std::unique_ptr<RocksDbStorage>> RocksDbStorage::Open(const std::string& data_dir,
                                                                     const StorageOptions& options) {
  absl::StatusOr<std::unique_ptr<RocksDbDatabase>> database = RocksDbDatabase::Open(data_dir, options);
  if (!database.ok()) return database.status();
  // Not make_unique: the constructor is private.
  return std::unique_ptr<RocksDbStorage>(new RocksDbStorage(std::make_unique<Impl>(*std::move(database))));
}

RocksDbStorage::RocksDbStorage(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RocksDbStorage::~RocksDbStorage() = default;

CheckpointStore& RocksDbStorage::checkpoints() { return impl_->checkpoints(); }
RecordStore& RocksDbStorage::records() { return impl_->records(); }
absl::Status RocksDbStorage::Close() {
  impl_->checkpoints().Stop();
  return impl_->database().Close();
}

absl::Status RocksDbStorage::Compact() { return impl_->database().Compact(); }

StorageStatistics RocksDbStorage::statistics() const {
  return {impl_->checkpoints().statistics(), impl_->database().StoredBytes()};
}

}  // namespace armstate
