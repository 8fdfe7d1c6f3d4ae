// Machines in RocksDB; see storage/rocksdb_storage.h.
#ifndef ARMSTATE_STORAGE_ROCKSDB_MACHINE_STORE_H_
#define ARMSTATE_STORAGE_ROCKSDB_MACHINE_STORE_H_

#include "storage/machine_store.h"
#include "storage/rocksdb_database.h"

namespace armstate {

// Thread-safe.
class RocksDbMachineStore final : public MachineStore {
 public:
  // The database must outlive it.
  explicit RocksDbMachineStore(RocksDbDatabase& database) : database_(database) {}

  absl::Status Put(absl::string_view name, absl::string_view bytes) override;
  absl::StatusOr<std::string> Get(absl::string_view name) override;
  absl::StatusOr<MachinePage> List(absl::string_view after, size_t limit) override;
  absl::Status Delete(absl::string_view name) override;

 private:
  RocksDbDatabase& database_;
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ROCKSDB_MACHINE_STORE_H_
