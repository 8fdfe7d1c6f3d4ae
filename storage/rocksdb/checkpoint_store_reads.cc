// The methods of RocksDbCheckpointStore that do not use the queue.
#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/rocksdb/checkpoint_store.h"
#include "storage/rocksdb/keys.h"
#include "storage/rocksdb/values.h"
#include "storage/storage_errors.h"

namespace armstate {

absl::StatusOr<StoredRecord> RocksDbCheckpointStore::Get(absl::string_view vm, int64_t version) {
  const std::string key = CheckpointKey(vm, version);
  RecordCache::Lookup cached = records_.Find(key);
  if (cached.record) return *std::move(cached.record);
  absl::StatusOr<absl::optional<KeptCheckpoint>> checkpoint = table_.FindCheckpoint(vm, version);
  if (!checkpoint.ok()) return checkpoint.status();
  if (*checkpoint) {
    records_.Put(key, (*checkpoint)->stored, cached.changes);
    return (**std::move(checkpoint)).stored;
  }
  const absl::StatusOr<absl::optional<VmInfo>> info = table_.FindVm(vm);
  if (!info.ok()) return info.status();
  return *info ? CheckpointNotFound(vm, version) : VmNotFound(vm);
}

absl::StatusOr<StoredRecord> RocksDbCheckpointStore::GetLatest(absl::string_view vm) {
  // Two reads, and no RocksDB snapshot over them: whenever one is released, RocksDB rewrites files. Instead, if the
  // version was deleted between the two, the VM names another one now.
  VmInfo before;
  while (true) {
    absl::StatusOr<VmInfo> info = GetVm(vm);
    if (!info.ok()) return info.status();
    const int64_t version = info->latest_kept_version;
    if (version == 0) return NoCheckpointKept(vm);
    absl::StatusOr<absl::optional<KeptCheckpoint>> checkpoint = table_.FindCheckpoint(vm, version);
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

absl::StatusOr<VmInfo> RocksDbCheckpointStore::GetVm(absl::string_view vm) {
  absl::StatusOr<absl::optional<VmInfo>> info = table_.FindVm(vm);
  if (!info.ok()) return info.status();
  if (!*info) return VmNotFound(vm);
  return **std::move(info);
}

absl::StatusOr<int64_t> RocksDbCheckpointStore::LastVersion(absl::string_view vm) {
  const absl::StatusOr<VmInfo> info = GetVm(vm);
  if (info.ok()) return info->last_version;
  // The VM is damaged, but not its checkpoints.
  return absl::IsDataLoss(info.status()) ? table_.LastKept(vm) : info.status();
}

absl::StatusOr<RecordPage> RocksDbCheckpointStore::List(absl::string_view vm, int64_t after, size_t limit) {
  const absl::StatusOr<int64_t> last_version = LastVersion(vm);
  if (!last_version.ok()) return last_version.status();
  const std::string end = VmKeyEnd(vm);
  const rocksdb::Slice end_slice(end);
  const std::unique_ptr<rocksdb::Iterator> it = database_.NewIterator(ColumnFamily::kCheckpoints, end_slice);

  RecordPage page;
  size_t bytes = 0;
  int64_t version = std::max<int64_t>(after, 0);
  while (true) {
    absl::StatusOr<absl::optional<CheckpointTable::Step>> step =
        table_.NextCheckpoint(*it, vm, version + 1, *last_version);
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
  const size_t wanted = std::max<size_t>(limit, 1);
  // True if it is one too many.
  const auto add = [&](std::string vm, absl::StatusOr<VmInfo> info) {
    if (page.vms.size() < wanted) {
      page.vms.push_back({std::move(vm), std::move(info)});
      return false;
    }
    page.next_cursor = std::move(vm);
    return true;
  };
  const std::unique_ptr<rocksdb::Iterator> it = database_.NewIterator(ColumnFamily::kVms, rocksdb::Slice());
  std::string next = VmKey(cursor);
  it->Seek(next);
  while (true) {
    for (; it->Valid(); it->Next()) {
      const absl::optional<std::string> vm = ParseVmKey(ToView(it->key()));
      if (vm && add(*vm, DecodeVmValue(*vm, ToView(it->value())))) return page;
      // Behind the keys of its checkpoints, too.
      next = vm ? VmKeyEnd(*vm) : absl::StrCat(ToView(it->key()), absl::string_view("\0", 1));
    }
    if (it->status().ok()) return page;
    if (!it->status().IsCorruption()) return FromRocksDbRead(it->status(), "vms");
    // The names of the VMs in a damaged block are in the keys of their checkpoints.
    const std::string end = SeekBehindDamage(*it, next);
    absl::StatusOr<std::vector<ListedVm>> hidden = table_.FindVmsByCheckpoints(next, end, wanted + 1);
    if (!hidden.ok()) return hidden.status();
    for (ListedVm& vm : *hidden) {
      if (add(std::move(vm.vm), std::move(vm.info))) return page;
    }
    if (end.empty()) return page;
    next = end;
  }
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
