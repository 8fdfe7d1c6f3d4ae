// What RocksDbCheckpointStore answers without the queue.
#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/keys.h"
#include "storage/rocksdb_checkpoint_store.h"
#include "storage/rocksdb_values.h"
#include "storage/storage_errors.h"

namespace armstate {

absl::StatusOr<StoredRecord> RocksDbCheckpointStore::Get(absl::string_view vm, int64_t version) {
  absl::StatusOr<absl::optional<KeptCheckpoint>> checkpoint = reader_.FindCheckpoint(vm, version);
  if (!checkpoint.ok()) return checkpoint.status();
  if (*checkpoint) return (**std::move(checkpoint)).stored;
  const absl::StatusOr<absl::optional<VmInfo>> info = reader_.FindVm(vm);
  if (!info.ok()) return info.status();
  return *info ? CheckpointNotFound(vm, version) : VmNotFound(vm);
}

absl::StatusOr<StoredRecord> RocksDbCheckpointStore::GetLatest(absl::string_view vm) {
  // Two reads, and no RocksDB snapshot over them: whenever one is released, RocksDB rewrites files. Instead, if the
  // version was deleted between the two, the VM tells of another one now.
  VmInfo before;
  while (true) {
    absl::StatusOr<VmInfo> info = Last(vm);
    if (!info.ok()) return info.status();
    const int64_t version = info->latest_kept_version;
    if (version == 0) return NoCheckpointKept(vm);
    absl::StatusOr<absl::optional<KeptCheckpoint>> checkpoint = reader_.FindCheckpoint(vm, version);
    if (!checkpoint.ok()) return checkpoint.status();
    if (*checkpoint) return (**std::move(checkpoint)).stored;
    if (info->incarnation == before.incarnation && version == before.latest_kept_version) {
      return RecordDamaged(CheckpointName(vm, version), "it is missing");
    }
    before = *std::move(info);
  }
}

absl::StatusOr<std::string> RocksDbCheckpointStore::GetBase(absl::string_view vm, int64_t version) {
  const std::string name = BaseName(vm, version);
  const absl::StatusOr<absl::optional<std::string>> value =
      database_.Get(ColumnFamily::kBases, CheckpointKey(vm, version), name);
  if (!value.ok()) return value.status();
  if (!*value) return CheckpointNotFound(vm, version);
  const absl::StatusOr<absl::string_view> bytes = DecodeBytesValue(**value, name);
  if (!bytes.ok()) return bytes.status();
  return std::string(*bytes);
}

absl::StatusOr<VmInfo> RocksDbCheckpointStore::Last(absl::string_view vm) {
  absl::StatusOr<absl::optional<VmInfo>> info = reader_.FindVm(vm);
  if (!info.ok()) return info.status();
  if (!*info) return VmNotFound(vm);
  return **std::move(info);
}

absl::StatusOr<RecordPage> RocksDbCheckpointStore::List(absl::string_view vm, int64_t after, size_t limit) {
  const absl::StatusOr<VmInfo> info = Last(vm);
  if (!info.ok()) return info.status();
  const std::string end = VmKeyEnd(vm);
  const rocksdb::Slice end_slice(end);
  const std::unique_ptr<rocksdb::Iterator> it = database_.NewIterator(ColumnFamily::kCheckpoints, end_slice);

  RecordPage page;
  size_t bytes = 0;
  int64_t version = std::max<int64_t>(after, 0);
  while (true) {
    absl::StatusOr<absl::optional<RocksDbCheckpointReader::Step>> step =
        reader_.NextCheckpoint(*it, vm, version + 1, info->last_version);
    if (!step.ok()) return step.status();
    if (!*step) return page;
    version = (*step)->version;
    absl::StatusOr<KeptCheckpoint>& checkpoint = (*step)->checkpoint;
    const size_t size = checkpoint.ok() ? checkpoint->stored.record.size() : 0;
    if (!page.records.empty() && (page.records.size() >= limit || bytes + size > kMaxPageBytes)) {
      page.more = true;
      return page;
    }
    bytes += size;
    if (checkpoint.ok()) {
      page.records.push_back({version, std::move(checkpoint->stored)});
    } else {
      page.records.push_back({version, checkpoint.status()});
    }
  }
}

absl::StatusOr<VmPage> RocksDbCheckpointStore::ListVms(absl::string_view cursor, size_t limit) {
  VmPage page;
  const std::unique_ptr<rocksdb::Iterator> it = database_.NewIterator(ColumnFamily::kVms, rocksdb::Slice());
  std::string next(cursor);
  for (it->Seek(VmKey(cursor)); it->Valid(); it->Next()) {
    absl::optional<std::string> vm = ParseVmKey(ToView(it->key()));
    if (!vm) return RecordDamaged(absl::StrCat(VmName(next), ", or the VM after it"), "its key is no key of a VM");
    next = *std::move(vm);
    if (page.vms.size() >= std::max<size_t>(limit, 1)) {
      page.next_cursor = next;
      return page;
    }
    absl::StatusOr<VmInfo> info = DecodeVmValue(next, ToView(it->value()));
    if (!info.ok()) return info.status();
    page.vms.push_back(*std::move(info));
  }
  // A damaged block: RocksDB does not tell where it ends.
  if (!it->status().ok()) return FromRocksDb(it->status(), absl::StrCat(VmName(next), ", or a VM after it"));
  return page;
}

absl::StatusOr<std::string> RocksDbCheckpointStore::GetLayout(absl::string_view hash) {
  const absl::StatusOr<absl::optional<std::string>> value =
      database_.Get(ColumnFamily::kLayouts, hash, LayoutName(hash));
  if (!value.ok()) return value.status();
  if (!*value) return RecordDamaged(LayoutName(hash), "it is missing");
  const absl::StatusOr<absl::string_view> bytes = DecodeBytesValue(**value, LayoutName(hash));
  if (!bytes.ok()) return bytes.status();
  return std::string(*bytes);
}

}  // namespace armstate
