// `RocksDbRecordStore` implements `RecordStore` on RocksDB; see storage/rocksdb/storage.h.
#ifndef ARMSTATE_STORAGE_ROCKSDB_RECORD_STORE_H_
#define ARMSTATE_STORAGE_ROCKSDB_RECORD_STORE_H_

#include "storage/record_store.h"
#include "storage/rocksdb/database.h"

namespace armstate {

// Thread-safe.
class RocksDbRecordStore final : public RecordStore {
 public:
  // The database must outlive it.
  explicit RocksDbRecordStore(RocksDbDatabase& database) : database_(database) {}

  absl::Status Commit(absl::Span<const RecordChange> changes) override;
  absl::StatusOr<std::string> Get(RecordKind kind, absl::string_view name) override;
  absl::StatusOr<NamedRecordPage> List(RecordKind kind, absl::string_view prefix, absl::string_view after,
                                       size_t limit) override;
  absl::Status Delete(RecordKind kind, absl::string_view name) override;
  absl::Status DeletePrefix(RecordKind kind, absl::string_view prefix) override;

 private:
  RocksDbDatabase& database_;
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ROCKSDB_RECORD_STORE_H_
