#include "storage/rocksdb_checkpoint_store.h"

#include <algorithm>
#include <memory>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/keys.h"
#include "storage/rocksdb_values.h"
#include "storage/storage_errors.h"

namespace armstate {
namespace {

// Random, not counted: a counter in the database would come back with an old backup and give the same numbers again.
uint64_t NewIncarnation() {
  std::random_device random;
  uint64_t incarnation = 0;
  while (incarnation == 0) incarnation = uint64_t{random()} << 32 | random();
  return incarnation;
}

}  // namespace

absl::StatusOr<CommitResult> RocksDbCheckpointStore::Commit(const CommitRequest& request) {
  absl::MutexLock lock(&MutexOf(request.vm));
  absl::StatusOr<absl::optional<VmInfo>> present = FindVm(request.vm);
  if (!present.ok()) return present.status();
  if (request.incarnation && (!*present || (*present)->incarnation != *request.incarnation))
    return VmNotFound(request.vm);
  if (*present && !request.request_id.empty()) {
    absl::StatusOr<absl::optional<Committed>> earlier = FindRequest(**present, request.request_id);
    if (!earlier.ok()) return earlier.status();
    if (*earlier) return CommitResult(**std::move(earlier));
  }
  const int64_t last_version = *present ? (*present)->last_version : 0;
  if (request.expected_last_version && *request.expected_last_version != last_version) {
    return CommitResult(CommitConflict{last_version});
  }

  if (absl::Status status = database_.CheckSpace(request.record.size()); !status.ok()) return status;

  VmInfo info;
  if (*present) {
    info = **std::move(present);
  } else {
    info.vm = request.vm;
    info.incarnation = NewIncarnation();
    info.create_time = request.now;
  }
  info.last_version = info.latest_kept_version = last_version + 1;
  info.checkpoint_count += 1;
  info.update_time = request.now;

  rocksdb::WriteBatch batch;
  PutVm(batch, info);
  batch.Put(database_.handle(ColumnFamily::kCheckpoints), CheckpointKey(info.vm, info.last_version),
            EncodeCheckpointValue(request.request_id, request.record));
  if (!request.request_id.empty()) {
    batch.Put(database_.handle(ColumnFamily::kRequests), RequestKey(info.vm, request.request_id),
              EncodeRequestValue(info.last_version));
  }
  // The log may have taken the batch although its sync failed.
  if (absl::Status status = database_.Write(batch); !status.ok()) return CommitResult(CommitUnknown{status});
  return CommitResult(Committed{info.last_version, info.incarnation, absl::nullopt});
}

absl::StatusOr<std::string> RocksDbCheckpointStore::Get(absl::string_view vm, int64_t version) {
  absl::StatusOr<absl::optional<Checkpoint>> checkpoint = FindCheckpoint(vm, version);
  if (!checkpoint.ok()) return checkpoint.status();
  if (*checkpoint) return (**std::move(checkpoint)).record;
  const absl::StatusOr<absl::optional<VmInfo>> info = FindVm(vm);
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
    absl::StatusOr<absl::optional<Checkpoint>> checkpoint = FindCheckpoint(vm, version);
    if (!checkpoint.ok()) return checkpoint.status();
    if (*checkpoint) return StoredRecord{version, (**std::move(checkpoint)).record};
    if (info->incarnation == before.incarnation && version == before.latest_kept_version) {
      return RecordDamaged(CheckpointName(vm, version), "it is missing");
    }
    before = *std::move(info);
  }
}

absl::StatusOr<VmInfo> RocksDbCheckpointStore::Last(absl::string_view vm) {
  absl::StatusOr<absl::optional<VmInfo>> info = FindVm(vm);
  if (!info.ok()) return info.status();
  if (!*info) return VmNotFound(vm);
  return **std::move(info);
}

absl::StatusOr<RecordPage> RocksDbCheckpointStore::List(absl::string_view vm, int64_t after, size_t limit) {
  const absl::StatusOr<absl::optional<VmInfo>> info = FindVm(vm);
  if (!info.ok()) return info.status();
  if (!*info) return VmNotFound(vm);
  const std::string end = VmKeyEnd(vm);
  const rocksdb::Slice end_slice(end);
  const std::unique_ptr<rocksdb::Iterator> it = database_.NewIterator(ColumnFamily::kCheckpoints, end_slice);

  RecordPage page;
  size_t bytes = 0;
  int64_t version = std::max<int64_t>(after, 0);
  while (true) {
    absl::StatusOr<absl::optional<Step>> step = NextCheckpoint(*it, vm, version + 1, (*info)->last_version);
    if (!step.ok()) return step.status();
    if (!*step) return page;
    version = (*step)->version;
    absl::StatusOr<Checkpoint>& checkpoint = (*step)->checkpoint;
    const size_t size = checkpoint.ok() ? checkpoint->record.size() : 0;
    if (!page.records.empty() && (page.records.size() >= limit || bytes + size > kMaxPageBytes)) {
      page.more = true;
      return page;
    }
    bytes += size;
    if (checkpoint.ok()) {
      page.records.push_back({version, std::move(checkpoint->record)});
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

absl::Status RocksDbCheckpointStore::Delete(absl::string_view vm, int64_t version, absl::Time now) {
  absl::MutexLock lock(&MutexOf(vm));
  absl::StatusOr<absl::optional<VmInfo>> info = FindVm(vm);
  if (!info.ok()) return info.status();
  if (!*info) return VmNotFound(vm);
  const absl::StatusOr<absl::optional<Checkpoint>> checkpoint = FindCheckpoint(vm, version);
  if (!checkpoint.ok() && !absl::IsDataLoss(checkpoint.status())) return checkpoint.status();
  if (checkpoint.ok() && !*checkpoint) return CheckpointNotFound(vm, version);

  rocksdb::WriteBatch batch;
  RemoveCheckpoint(batch, vm, version,
                   checkpoint.ok() ? absl::StatusOr<Checkpoint>(**checkpoint) : checkpoint.status());
  (*info)->checkpoint_count -= 1;
  (*info)->update_time = now;
  if (version == (*info)->latest_kept_version) {
    const absl::StatusOr<int64_t> kept = KeptBelow(vm, version);
    if (!kept.ok()) return kept.status();
    (*info)->latest_kept_version = *kept;
  }
  PutVm(batch, **info);
  return database_.Write(batch);
}

absl::StatusOr<int64_t> RocksDbCheckpointStore::Trim(absl::string_view vm, int64_t up_to, absl::Time now) {
  absl::MutexLock lock(&MutexOf(vm));
  absl::StatusOr<absl::optional<VmInfo>> info = FindVm(vm);
  if (!info.ok()) return info.status();
  if (!*info) return VmNotFound(vm);
  const std::string end = VmKeyEnd(vm);
  const rocksdb::Slice end_slice(end);
  const std::unique_ptr<rocksdb::Iterator> it = database_.NewIterator(ColumnFamily::kCheckpoints, end_slice);

  rocksdb::WriteBatch batch;
  int64_t trimmed = 0;
  const int64_t last = std::min(up_to, (*info)->last_version);
  for (int64_t version = 0;;) {
    const absl::StatusOr<absl::optional<Step>> step = NextCheckpoint(*it, vm, version + 1, last);
    if (!step.ok()) return step.status();
    if (!*step) break;
    version = (*step)->version;
    RemoveCheckpoint(batch, vm, version, (*step)->checkpoint);
    ++trimmed;
  }
  if (trimmed == 0) return trimmed;
  (*info)->checkpoint_count -= trimmed;
  (*info)->update_time = now;
  if ((*info)->latest_kept_version <= up_to) (*info)->latest_kept_version = 0;
  PutVm(batch, **info);
  if (absl::Status status = database_.Write(batch); !status.ok()) return status;
  return trimmed;
}

absl::Status RocksDbCheckpointStore::DeleteVm(absl::string_view vm) {
  absl::MutexLock lock(&MutexOf(vm));
  const absl::StatusOr<absl::optional<VmInfo>> info = FindVm(vm);
  // A VM whose own record is damaged can be deleted too.
  if (!info.ok() && !absl::IsDataLoss(info.status())) return info.status();
  if (info.ok() && !*info) return VmNotFound(vm);
  rocksdb::WriteBatch batch;
  batch.Delete(database_.handle(ColumnFamily::kVms), VmKey(vm));
  batch.DeleteRange(database_.handle(ColumnFamily::kCheckpoints), VmKey(vm), VmKeyEnd(vm));
  batch.DeleteRange(database_.handle(ColumnFamily::kRequests), VmKey(vm), VmKeyEnd(vm));
  return database_.Write(batch);
}

absl::Status RocksDbCheckpointStore::PutLayout(absl::string_view hash, absl::string_view bytes) {
  const std::string value = EncodeBytesValue(bytes);
  const absl::StatusOr<absl::optional<std::string>> present =
      database_.Get(ColumnFamily::kLayouts, hash, LayoutName(hash));
  if (present.ok() && *present == value) return absl::OkStatus();
  if (absl::Status status = database_.CheckSpace(bytes.size()); !status.ok()) return status;
  rocksdb::WriteBatch batch;
  batch.Put(database_.handle(ColumnFamily::kLayouts), ToSlice(hash), value);
  return database_.Write(batch);
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

absl::StatusOr<absl::optional<VmInfo>> RocksDbCheckpointStore::FindVm(absl::string_view vm) const {
  const absl::StatusOr<absl::optional<std::string>> value = database_.Get(ColumnFamily::kVms, VmKey(vm), VmName(vm));
  if (!value.ok()) return value.status();
  if (!*value) return absl::optional<VmInfo>();
  absl::StatusOr<VmInfo> info = DecodeVmValue(vm, **value);
  if (!info.ok()) return info.status();
  return absl::optional<VmInfo>(*std::move(info));
}

absl::StatusOr<absl::optional<RocksDbCheckpointStore::Checkpoint>> RocksDbCheckpointStore::FindCheckpoint(
    absl::string_view vm, int64_t version) const {
  const std::string name = CheckpointName(vm, version);
  const absl::StatusOr<absl::optional<std::string>> value =
      database_.Get(ColumnFamily::kCheckpoints, CheckpointKey(vm, version), name);
  if (!value.ok()) return value.status();
  if (!*value) return absl::optional<Checkpoint>();
  const absl::StatusOr<CheckpointValue> decoded = DecodeCheckpointValue(**value, name);
  if (!decoded.ok()) return decoded.status();
  return absl::optional<Checkpoint>(Checkpoint{std::string(decoded->request_id), std::string(decoded->record)});
}

absl::StatusOr<absl::optional<Committed>> RocksDbCheckpointStore::FindRequest(const VmInfo& info,
                                                                              absl::string_view request_id) const {
  const std::string name = absl::StrCat(VmName(info.vm), "/requests/", request_id);
  const absl::StatusOr<absl::optional<std::string>> value =
      database_.Get(ColumnFamily::kRequests, RequestKey(info.vm, request_id), name);
  if (!value.ok()) return value.status();
  if (!*value) return absl::optional<Committed>();
  const absl::StatusOr<int64_t> version = DecodeRequestValue(**value, name);
  if (!version.ok()) return version.status();
  absl::StatusOr<absl::optional<Checkpoint>> checkpoint = FindCheckpoint(info.vm, *version);
  if (!checkpoint.ok()) {
    if (!absl::IsDataLoss(checkpoint.status())) return checkpoint.status();
    return absl::optional<Committed>(Committed{*version, info.incarnation, checkpoint.status()});
  }
  // A damaged checkpoint was deleted: its request ID could not be read, so the entry is still there.
  if (!*checkpoint) return absl::optional<Committed>();
  return absl::optional<Committed>(Committed{*version, info.incarnation, (**std::move(checkpoint)).record});
}

absl::StatusOr<absl::optional<RocksDbCheckpointStore::Step>> RocksDbCheckpointStore::NextCheckpoint(
    rocksdb::Iterator& iterator, absl::string_view vm, int64_t from, int64_t last) const {
  for (; from <= last; ++from) {
    iterator.Seek(CheckpointKey(vm, from));
    if (iterator.Valid()) {
      const absl::optional<int64_t> version = ParseCheckpointVersion(ToView(iterator.key()));
      if (!version || *version > last) return absl::optional<Step>();
      const absl::StatusOr<CheckpointValue> value =
          DecodeCheckpointValue(ToView(iterator.value()), CheckpointName(vm, *version));
      if (!value.ok()) return absl::optional<Step>(Step{*version, value.status()});
      return absl::optional<Step>(
          Step{*version, Checkpoint{std::string(value->request_id), std::string(value->record)}});
    }
    if (iterator.status().ok()) return absl::optional<Step>();
    // The iterator stops at a damaged block and does not tell where that ends. Versions have few gaps, so ask for each
    // one until it goes on.
    absl::StatusOr<absl::optional<Checkpoint>> checkpoint = FindCheckpoint(vm, from);
    if (!checkpoint.ok()) {
      if (!absl::IsDataLoss(checkpoint.status())) return checkpoint.status();
      return absl::optional<Step>(Step{from, checkpoint.status()});
    }
    if (*checkpoint) return absl::optional<Step>(Step{from, **std::move(checkpoint)});
  }
  return absl::optional<Step>();
}

absl::StatusOr<int64_t> RocksDbCheckpointStore::KeptBelow(absl::string_view vm, int64_t version) const {
  // One by one: the version before is nearly always there, and a damaged one counts.
  while (--version > 0) {
    const absl::StatusOr<absl::optional<Checkpoint>> checkpoint = FindCheckpoint(vm, version);
    if (!checkpoint.ok() && !absl::IsDataLoss(checkpoint.status())) return checkpoint.status();
    if (!checkpoint.ok() || *checkpoint) return version;
  }
  return 0;
}

void RocksDbCheckpointStore::PutVm(rocksdb::WriteBatch& batch, const VmInfo& info) const {
  batch.Put(database_.handle(ColumnFamily::kVms), VmKey(info.vm), EncodeVmValue(info));
}

void RocksDbCheckpointStore::RemoveCheckpoint(rocksdb::WriteBatch& batch, absl::string_view vm, int64_t version,
                                              const absl::StatusOr<Checkpoint>& checkpoint) const {
  batch.Delete(database_.handle(ColumnFamily::kCheckpoints), CheckpointKey(vm, version));
  if (!checkpoint.ok() || checkpoint->request_id.empty()) return;
  batch.Delete(database_.handle(ColumnFamily::kRequests), RequestKey(vm, checkpoint->request_id));
}

}  // namespace armstate
