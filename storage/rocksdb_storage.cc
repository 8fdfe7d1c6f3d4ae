#include "storage/rocksdb_storage.h"

#include <utility>

#include "storage/rocksdb_checkpoint_store.h"
#include "storage/rocksdb_database.h"
#include "storage/rocksdb_machine_store.h"

namespace armstate {

class RocksDbStorage::Impl {
 public:
  explicit Impl(std::unique_ptr<RocksDbDatabase> database)
      : database_(std::move(database)), checkpoints_(*database_), machines_(*database_) {}

  RocksDbDatabase& database() { return *database_; }
  CheckpointStore& checkpoints() { return checkpoints_; }
  MachineStore& machines() { return machines_; }

 private:
  std::unique_ptr<RocksDbDatabase> database_;
  RocksDbCheckpointStore checkpoints_;
  RocksDbMachineStore machines_;
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
MachineStore& RocksDbStorage::machines() { return impl_->machines(); }
absl::Status RocksDbStorage::Close() { return impl_->database().Close(); }

}  // namespace armstate
