#include "storage/rocksdb/checkpoint_table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/rocksdb/keys.h"
#include "storage/storage_errors.h"

namespace armstate {

absl::StatusOr<absl::optional<std::string>> CheckpointTable::Read(CommitBatch* batch, ColumnFamily family,
                                                                  absl::string_view key, absl::string_view name) const {
  return batch == nullptr ? database_.Get(family, key, name) : database_.Get(*batch, family, key, name);
}

absl::StatusOr<absl::optional<VmInfo>> CheckpointTable::FindVm(absl::string_view vm, CommitBatch* batch) const {
  const absl::StatusOr<absl::optional<std::string>> value = Read(batch, ColumnFamily::kVms, VmKey(vm), VmName(vm));
  if (!value.ok()) return value.status();
  if (!*value) return absl::optional<VmInfo>();
  absl::StatusOr<VmInfo> info = DecodeVmValue(vm, **value);
  if (!info.ok()) return info.status();
  return absl::optional<VmInfo>(*std::move(info));
}

absl::StatusOr<absl::optional<KeptCheckpoint>> CheckpointTable::FindCheckpoint(absl::string_view vm, int64_t version,
                                                                               CommitBatch* batch) const {
  const std::string name = CheckpointName(vm, version);
  const absl::StatusOr<absl::optional<std::string>> value =
      Read(batch, ColumnFamily::kCheckpoints, CheckpointKey(vm, version), name);
  if (!value.ok()) return value.status();
  if (!*value) return absl::optional<KeptCheckpoint>();
  absl::StatusOr<KeptCheckpoint> decoded = DecodeCheckpointValue(version, **value, name);
  if (!decoded.ok()) return decoded.status();
  return absl::optional<KeptCheckpoint>(*std::move(decoded));
}

absl::StatusOr<bool> CheckpointTable::IsKept(absl::string_view vm, int64_t version, CommitBatch* batch) const {
  const absl::StatusOr<absl::optional<KeptCheckpoint>> checkpoint = FindCheckpoint(vm, version, batch);
  if (!checkpoint.ok() && !absl::IsDataLoss(checkpoint.status())) return checkpoint.status();
  return !checkpoint.ok() || checkpoint->has_value();
}

absl::StatusOr<absl::optional<Committed>> CheckpointTable::FindRequest(const VmInfo& info, absl::string_view request_id,
                                                                       absl::string_view request_hash,
                                                                       CommitBatch& batch) const {
  const std::string name = absl::StrCat(VmName(info.vm), "/requests/", request_id);
  const absl::StatusOr<absl::optional<std::string>> value =
      Read(&batch, ColumnFamily::kRetries, RequestKey(info.vm, request_hash), name);
  if (!value.ok()) return value.status();
  if (!*value) return absl::optional<Committed>();
  const absl::StatusOr<int64_t> version = DecodeRequestValue(**value, name);
  if (!version.ok()) return version.status();
  absl::StatusOr<absl::optional<KeptCheckpoint>> checkpoint = FindCheckpoint(info.vm, *version, &batch);
  if (!checkpoint.ok()) {
    if (!absl::IsDataLoss(checkpoint.status())) return checkpoint.status();
    return absl::optional<Committed>(Committed{*version, info.incarnation, checkpoint.status()});
  }
  // A damaged checkpoint was deleted: its request could not be read, so the entry is still there.
  if (!*checkpoint) return absl::optional<Committed>();
  return absl::optional<Committed>(Committed{*version, info.incarnation, (**std::move(checkpoint)).stored});
}

absl::StatusOr<absl::optional<CheckpointTable::Step>> CheckpointTable::NextCheckpoint(rocksdb::Iterator& iterator,
                                                                                      absl::string_view vm,
                                                                                      int64_t from,
                                                                                      int64_t last) const {
  for (; from <= last; ++from) {
    iterator.Seek(CheckpointKey(vm, from));
    if (iterator.Valid()) {
      const absl::optional<int64_t> version = ParseCheckpointVersion(ToView(iterator.key()));
      if (!version || *version > last) return absl::optional<Step>();
      const std::string name = CheckpointName(vm, *version);
      const absl::StatusOr<std::string> value =
          database_.Decrypt(ColumnFamily::kCheckpoints, ToView(iterator.key()), ToView(iterator.value()), name);
      if (!value.ok()) return absl::optional<Step>(Step{*version, value.status()});
      return absl::optional<Step>(Step{*version, DecodeCheckpointValue(*version, *value, name)});
    }
    if (iterator.status().ok()) return absl::optional<Step>();
    // The iterator stops at a damaged block whose end is not known. Versions have few gaps, so ask for each one until
    // the iterator goes on.
    absl::StatusOr<absl::optional<KeptCheckpoint>> checkpoint = FindCheckpoint(vm, from);
    if (!checkpoint.ok()) {
      if (!absl::IsDataLoss(checkpoint.status())) return checkpoint.status();
      return absl::optional<Step>(Step{from, checkpoint.status()});
    }
    if (*checkpoint) return absl::optional<Step>(Step{from, **std::move(checkpoint)});
  }
  return absl::optional<Step>();
}

absl::StatusOr<CheckpointTable::ProtectedFound> CheckpointTable::FindProtected(absl::string_view vm,
                                                                               int64_t last) const {
  const std::string end = VmKeyEnd(vm);
  const rocksdb::Slice end_slice(end);
  const std::unique_ptr<rocksdb::Iterator> it = database_.NewIterator(ColumnFamily::kCheckpoints, end_slice);
  ProtectedFound found;
  for (int64_t version = 0;;) {
    const absl::StatusOr<absl::optional<Step>> step = NextCheckpoint(*it, vm, version + 1, last);
    if (!step.ok()) return step.status();
    if (!*step) return found;
    version = (*step)->version;
    const bool is_damaged = !(*step)->checkpoint.ok();
    const bool is_protected = !is_damaged && (*step)->checkpoint->stored.is_protected;
    found.count += is_protected ? 1 : 0;
    if (found.first == 0 && (is_protected || is_damaged)) found.first = version;
  }
}

absl::StatusOr<int64_t> CheckpointTable::LastKept(absl::string_view vm) const {
  const std::string begin = VmKey(vm);
  const std::string end = VmKeyEnd(vm);
  const rocksdb::Slice end_slice(end);
  const std::unique_ptr<rocksdb::Iterator> it = database_.NewIterator(ColumnFamily::kCheckpoints, end_slice);
  it->SeekToLast();
  if (!it->status().ok()) return FromRocksDbRead(it->status(), VmName(vm));
  if (!it->Valid() || ToView(it->key()) < begin) return 0;
  return ParseCheckpointVersion(ToView(it->key())).value_or(0);
}

absl::StatusOr<std::vector<ListedVm>> CheckpointTable::FindVmsByCheckpoints(absl::string_view begin,
                                                                            absl::string_view end, size_t limit) const {
  std::vector<ListedVm> vms;
  const rocksdb::Slice end_slice = ToSlice(end);
  const std::unique_ptr<rocksdb::Iterator> it = database_.NewIterator(ColumnFamily::kCheckpoints, end_slice);
  std::string next(begin);
  while (vms.size() < limit) {
    it->Seek(next);
    if (!it->Valid() && it->status().IsCorruption()) {
      if (SeekBehindDamage(*it, next).empty()) return vms;
    } else if (!it->Valid()) {
      if (!it->status().ok()) return FromRocksDbRead(it->status(), "vms");
      return vms;
    }
    const absl::string_view key = ToView(it->key());
    const absl::optional<std::string> vm = ParseVmKey(key.substr(0, VmKeyBytes(key).value_or(0)));
    if (!vm) {
      next = absl::StrCat(key, absl::string_view("\0", 1));
      continue;
    }
    absl::StatusOr<absl::optional<VmInfo>> info = FindVm(*vm);
    if (info.ok() && *info) vms.push_back({*vm, **std::move(info)});
    if (absl::IsDataLoss(info.status())) vms.push_back({*vm, info.status()});
    if (!info.ok() && !absl::IsDataLoss(info.status())) return info.status();
    next = VmKeyEnd(*vm);
  }
  return vms;
}

absl::StatusOr<int64_t> CheckpointTable::KeptBelow(absl::string_view vm, int64_t version, CommitBatch* batch) const {
  // One by one: the version before is nearly always there.
  while (--version > 0) {
    const absl::StatusOr<bool> kept = IsKept(vm, version, batch);
    if (!kept.ok()) return kept.status();
    if (*kept) return version;
  }
  return 0;
}

absl::StatusOr<bool> CheckpointTable::IsBaseNeeded(const VmInfo& info, int64_t base, int64_t except,
                                                   CommitBatch* batch) const {
  const auto needs_it = [&](int64_t version) -> absl::StatusOr<bool> {
    const absl::StatusOr<absl::optional<KeptCheckpoint>> checkpoint = FindCheckpoint(info.vm, version, batch);
    if (!checkpoint.ok() && !absl::IsDataLoss(checkpoint.status())) return checkpoint.status();
    return !checkpoint.ok() || (*checkpoint && (**checkpoint).stored.base_version == base);
  };
  // Versions go from below, as a rule, so look at those above first: the next one answers it.
  const int64_t last = std::min(info.last_version, base + CheckpointStore::kMaxVersionsPerBase - 1);
  for (int64_t version = except + 1; version <= last; ++version) {
    const absl::StatusOr<bool> needed = needs_it(version);
    if (!needed.ok() || *needed) return needed;
  }
  for (int64_t version = base; version < except; ++version) {
    const absl::StatusOr<bool> needed = needs_it(version);
    if (!needed.ok() || *needed) return needed;
  }
  return false;
}

}  // namespace armstate
