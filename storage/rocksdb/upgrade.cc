#include "storage/rocksdb/upgrade.h"

#include <memory>

#include "absl/status/statusor.h"
#include "storage/rocksdb/checkpoint_table.h"
#include "storage/rocksdb/keys.h"
#include "storage/rocksdb/values.h"

namespace armstate {
namespace {

constexpr int kChangesPerBatch = 20000;

// Since format 2 the keys of request IDs are hashes, in a column family of their own. Each goes from the old one in the
// same write.
absl::Status HashRequestIds(RocksDbDatabase& database, const std::string& name) {
  const std::unique_ptr<rocksdb::Iterator> it = database.NewIterator(ColumnFamily::kRequests, rocksdb::Slice());
  rocksdb::WriteBatch batch;
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    // A key that is none is damaged: nobody could ask for it.
    if (const absl::optional<VmKeyParts> parts = SplitVmKey(ToView(it->key()))) {
      batch.Put(database.handle(ColumnFamily::kRetries), RequestKey(parts->vm, RequestHash(parts->rest)), it->value());
    }
    batch.Delete(database.handle(ColumnFamily::kRequests), it->key());
    if (batch.Count() < kChangesPerBatch) continue;
    if (absl::Status status = database.Write(batch); !status.ok()) return status;
    batch.Clear();
  }
  if (!it->status().ok()) return FromRocksDb(it->status(), name);
  return batch.Count() == 0 ? absl::OkStatus() : database.Write(batch);
}

// Since format 3 a VM knows how many of its versions are protected. How much they would take uncompressed
// (VmInfo::raw_bytes) is not counted after the fact: the store does not look into records.
absl::Status CountProtected(RocksDbDatabase& database, const std::string& name) {
  const RocksDbCheckpointReader reader(database);
  const std::unique_ptr<rocksdb::Iterator> it = database.NewIterator(ColumnFamily::kVms, rocksdb::Slice());
  rocksdb::WriteBatch batch;
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    const absl::optional<std::string> vm = ParseVmKey(ToView(it->key()));
    if (!vm) continue;
    absl::StatusOr<VmInfo> info = DecodeVmValue(*vm, ToView(it->value()));
    // It is damaged, and will be told so when somebody asks for it.
    if (!info.ok()) continue;
    const absl::StatusOr<RocksDbCheckpointReader::ProtectedFound> found = reader.FindProtected(*vm, info->last_version);
    if (!found.ok()) return found.status();
    if (found->count == 0) continue;
    info->protected_count = found->count;
    batch.Put(database.handle(ColumnFamily::kVms), it->key(), EncodeVmValue(*info));
    if (batch.Count() < kChangesPerBatch) continue;
    if (absl::Status status = database.Write(batch); !status.ok()) return status;
    batch.Clear();
  }
  if (!it->status().ok()) return FromRocksDb(it->status(), name);
  return batch.Count() == 0 ? absl::OkStatus() : database.Write(batch);
}

}  // namespace

absl::Status UpgradeDatabase(RocksDbDatabase& database, const std::string& name) {
  const absl::StatusOr<absl::optional<std::string>> value = database.Get(ColumnFamily::kDefault, kFormatKey, name);
  if (!value.ok()) return value.status();
  const absl::StatusOr<uint32_t> from = DecodeFormatValue(value->value_or(""), name);
  if (!from.ok() || *from == kDatabaseFormat) return from.status();
  absl::Status status;
  if (*from == 1) status = HashRequestIds(database, name);
  if (*from == 2) status = CountProtected(database, name);  // format 1 has no protection
  // Since format 4 events that were written together are one value; those of format 3 are read as they are.
  if (!status.ok()) return status;
  rocksdb::WriteBatch batch;
  batch.Put(kFormatKey, EncodeFormatValue(kDatabaseFormat));
  return database.Write(batch);
}

}  // namespace armstate
