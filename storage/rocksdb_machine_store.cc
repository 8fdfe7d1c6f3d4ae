#include "storage/rocksdb_machine_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/rocksdb_values.h"
#include "storage/storage_errors.h"

namespace armstate {
namespace {

absl::StatusOr<std::string> Decode(absl::string_view name, absl::string_view value) {
  const absl::StatusOr<absl::string_view> bytes = DecodeBytesValue(value, MachineName(name));
  if (!bytes.ok()) return bytes.status();
  return std::string(*bytes);
}

}  // namespace

absl::Status RocksDbMachineStore::Put(absl::string_view name, absl::string_view bytes) {
  if (absl::Status status = database_.CheckSpace(bytes.size()); !status.ok()) return status;
  rocksdb::WriteBatch batch;
  batch.Put(database_.handle(ColumnFamily::kMachines), ToSlice(name), EncodeBytesValue(bytes));
  return database_.Write(batch);
}

absl::StatusOr<std::string> RocksDbMachineStore::Get(absl::string_view name) {
  const absl::StatusOr<absl::optional<std::string>> value =
      database_.Get(ColumnFamily::kMachines, name, MachineName(name));
  if (!value.ok()) return value.status();
  if (!value->has_value()) return MachineNotFound(name);
  return Decode(name, **value);
}

absl::StatusOr<MachinePage> RocksDbMachineStore::List(absl::string_view after, size_t limit) {
  MachinePage page;
  size_t bytes = 0;
  const std::unique_ptr<rocksdb::Iterator> it = database_.NewIterator(ColumnFamily::kMachines, rocksdb::Slice());
  // The name itself with a NUL is the least one that sorts after it.
  for (it->Seek(absl::StrCat(after, absl::string_view("\0", after.empty() ? 0 : 1))); it->Valid(); it->Next()) {
    if (!page.machines.empty() && (page.machines.size() >= limit || bytes + it->value().size() > kMaxPageBytes)) {
      page.more = true;
      return page;
    }
    bytes += it->value().size();
    const std::string name = it->key().ToString();
    page.machines.push_back({name, Decode(name, ToView(it->value()))});
  }
  if (!it->status().ok()) {
    // A damaged block: RocksDB does not tell where it ends.
    const std::string last = page.machines.empty() ? std::string(after) : page.machines.back().name;
    return FromRocksDb(it->status(), absl::StrCat(MachineName(last), ", or one after it"));
  }
  return page;
}

absl::Status RocksDbMachineStore::Delete(absl::string_view name) {
  const absl::StatusOr<std::string> present = Get(name);
  // A damaged machine can be deleted too.
  if (!present.ok() && !absl::IsDataLoss(present.status())) return present.status();
  rocksdb::WriteBatch batch;
  batch.Delete(database_.handle(ColumnFamily::kMachines), ToSlice(name));
  return database_.Write(batch);
}

}  // namespace armstate
