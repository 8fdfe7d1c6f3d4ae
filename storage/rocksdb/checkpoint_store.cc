#include "storage/rocksdb/checkpoint_store.h"

#include <algorithm>
#include <future>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/rocksdb/checkpoint_changes.h"
#include "storage/rocksdb/keys.h"
#include "storage/rocksdb/random_id.h"
#include "storage/rocksdb/values.h"
#include "storage/storage_errors.h"

namespace armstate {
namespace {

// Versions that one ApplyRetention looks at: some milliseconds, in which commits wait.
constexpr int kSweptAtOnce = 1000;

bool BaseFits(const CommitRequest& request, const absl::optional<VmInfo>& present) {
  if (!request.base) return true;
  return present && present->incarnation == request.base->incarnation &&
         present->base_version == request.base->version && request.base->version != 0 &&
         present->last_version + 1 - request.base->version < CheckpointStore::kMaxVersionsPerBase;
}

}  // namespace

RocksDbCheckpointStore::RocksDbCheckpointStore(RocksDbDatabase& database, const StorageOptions& options)
    : database_(database),
      table_(database),
      events_(database, options.kept_events),
      vms_(database, table_),
      records_(options.record_cache_bytes),
      queue_(database, events_, records_, options.waiting_write_bytes) {}

absl::Status RocksDbCheckpointStore::Start() {
  if (absl::Status status = events_.Load(); !status.ok()) return status;
  queue_.Start();
  return absl::OkStatus();
}

void RocksDbCheckpointStore::Finish(CommitBatch& batch, const VmInfo& info, RocksDbCheckpointChanges& changes) {
  events_.Add(changes.TakeEvents());
  vms_.Put(info, batch);
}

void RocksDbCheckpointStore::CommitAsync(CommitRequest request, CommitCallback done) {
  struct Commit {
    CommitRequest request;
    CommitCallback done;
    std::string request_hash = RequestHash(request.request_id);  // here, since the queue has one thread for all
    absl::StatusOr<CommitResult> result = absl::UnknownError("not prepared");
  };
  const auto commit = std::make_shared<Commit>(Commit{std::move(request), std::move(done)});
  CommitQueue::Operation operation;
  operation.bytes = commit->request.record.size() + commit->request.new_base.size();
  operation.prepare = [this, commit](CommitBatch& batch) {
    batch.SetSavePoint();
    commit->result = PrepareCommit(batch, commit->request, commit->request_hash);
    if (!commit->result.ok()) batch.RollbackToSavePoint();
  };
  operation.done = [commit](const absl::Status& written) {
    // The log may have taken the batch although its sync failed. What was found out beside it may rest on the batch.
    if (!written.ok()) commit->result = CommitResult(CommitUnknown{written});
    commit->done(std::move(commit->result));
  };
  if (absl::Status status = queue_.Push(std::move(operation)); !status.ok()) commit->done(status);
}

absl::StatusOr<CommitResult> RocksDbCheckpointStore::PrepareCommit(CommitBatch& batch, const CommitRequest& request,
                                                                   const std::string& request_hash) {
  absl::StatusOr<absl::optional<VmInfo>> present = vms_.Find(request.vm, batch);
  if (!present.ok()) return present.status();
  if (request.incarnation && (!*present || (*present)->incarnation != *request.incarnation))
    return VmNotFound(request.vm);
  if (*present && !request.request_id.empty()) {
    absl::StatusOr<absl::optional<Committed>> earlier =
        table_.FindRequest(**present, request.request_id, request_hash, batch);
    if (!earlier.ok()) return earlier.status();
    if (*earlier) return CommitResult(**std::move(earlier));
  }
  const int64_t last_version = *present ? (*present)->last_version : 0;
  if (request.expected_last_version && *request.expected_last_version != last_version) {
    return CommitResult(CommitConflict{last_version});
  }
  if (!BaseFits(request, *present)) return CommitResult(CommitBaseChanged{});
  if (absl::Status status = batch.CheckSpace(database_, request.record.size() + request.new_base.size());
      !status.ok()) {
    return status;
  }

  VmInfo info;
  if (*present) {
    info = **std::move(present);
  } else {
    info.vm = request.vm;
    info.incarnation = NewRandomId();
    info.create_time = request.commit_time;
  }
  RocksDbCheckpointChanges changes(database_, table_, records_, batch, info);
  if (absl::Status status = changes.Append(request, request_hash); !status.ok()) return status;
  Finish(batch, info, changes);
  return CommitResult(Committed{info.last_version, info.incarnation, absl::nullopt});
}

absl::Status RocksDbCheckpointStore::Change(ChangeKind kind, const std::function<absl::Status(CommitBatch&)>& prepare) {
  absl::Status prepared = absl::UnknownError("not prepared");
  // Shared, as set_value may not have returned when get does.
  const auto answer = std::make_shared<std::promise<absl::Status>>();
  CommitQueue::Operation operation;
  operation.alone = kind == ChangeKind::kLoneDeletion;
  operation.deletes = kind != ChangeKind::kUpdate;
  operation.prepare = [&prepared, &prepare](CommitBatch& batch) {
    batch.SetSavePoint();
    const absl::Status status = prepare(batch);
    if (!status.ok()) batch.RollbackToSavePoint();
    // If it is not found now, the write before has removed it, although that reported a failure.
    if (!prepared.ok() || !absl::IsNotFound(status)) prepared = status;
  };
  operation.done = [answer](const absl::Status& written) { answer->set_value(written); };
  if (absl::Status status = queue_.Push(std::move(operation)); !status.ok()) return status;
  const absl::Status written = answer->get_future().get();
  return written.ok() ? prepared : written;
}

absl::Status RocksDbCheckpointStore::Delete(absl::string_view vm, int64_t version, absl::Time now) {
  return Change(ChangeKind::kDeletion, [&](CommitBatch& batch) { return PrepareDelete(batch, vm, version, now); });
}

absl::Status RocksDbCheckpointStore::PrepareDelete(CommitBatch& batch, absl::string_view vm, int64_t version,
                                                   absl::Time now) {
  absl::StatusOr<absl::optional<VmInfo>> info = vms_.Find(vm, batch);
  if (!info.ok()) return info.status();
  if (!*info) return VmNotFound(vm);
  const absl::StatusOr<absl::optional<KeptCheckpoint>> checkpoint = table_.FindCheckpoint(vm, version, &batch);
  if (!checkpoint.ok() && !absl::IsDataLoss(checkpoint.status())) return checkpoint.status();
  if (checkpoint.ok() && !*checkpoint) return CheckpointNotFound(vm, version);
  if (checkpoint.ok() && (**checkpoint).stored.is_protected) return CheckpointProtected(vm, version);

  RocksDbCheckpointChanges changes(database_, table_, records_, batch, **info);
  (*info)->update_time = now;
  changes.Remove(version, checkpoint.ok() ? absl::StatusOr<KeptCheckpoint>(**checkpoint) : checkpoint.status(), now);
  absl::Status status;
  if (checkpoint.ok()) status = changes.RemoveUnneededBase((**checkpoint).stored.base_version, version);
  if (!status.ok()) return status;
  if (version == (*info)->latest_kept_version) {
    const absl::StatusOr<int64_t> kept = table_.KeptBelow(vm, version, &batch);
    if (!kept.ok()) return kept.status();
    (*info)->latest_kept_version = *kept;
  }
  Finish(batch, **info, changes);
  return absl::OkStatus();
}

absl::Status RocksDbCheckpointStore::DeleteVm(absl::string_view vm, ProtectedVersions protected_versions,
                                              absl::Time now) {
  // Alone: the batch's own index does not know of ranges.
  return Change(ChangeKind::kLoneDeletion,
                [&](CommitBatch& batch) { return PrepareDeleteVm(batch, vm, protected_versions, now); });
}

absl::Status RocksDbCheckpointStore::PrepareDeleteVm(CommitBatch& batch, absl::string_view vm,
                                                     ProtectedVersions protected_versions, absl::Time now) {
  const absl::StatusOr<absl::optional<VmInfo>> info = table_.FindVm(vm);
  // A VM whose own record is damaged can be deleted too.
  if (!info.ok() && !absl::IsDataLoss(info.status())) return info.status();
  if (info.ok() && !*info) return VmNotFound(vm);
  VmInfo last;
  last.vm = std::string(vm);
  if (info.ok()) last = **info;
  if (protected_versions == ProtectedVersions::kRefuse && (!info.ok() || last.protected_count > 0)) {
    const absl::StatusOr<int64_t> end = info.ok() ? absl::StatusOr<int64_t>(last.last_version) : table_.LastKept(vm);
    if (!end.ok()) return end.status();
    const absl::StatusOr<CheckpointTable::ProtectedFound> found = table_.FindProtected(vm, *end);
    if (!found.ok()) return found.status();
    // The VM's own count may include damaged ones that were removed since; one that is there may be protected.
    if (found->first != 0) return VmProtected(vm, found->first, std::max<int64_t>(found->count, 1));
  }
  records_.BeginChangeOfAll();
  rocksdb::WriteBatch& changes = *batch.GetWriteBatch();
  for (const ColumnFamily family : {ColumnFamily::kCheckpoints, ColumnFamily::kBases, ColumnFamily::kRetries}) {
    changes.DeleteRange(database_.handle(family), VmKey(vm), VmKeyEnd(vm));
  }
  events_.Add({{0, CheckpointEventKind::kVmDeleted, last.vm, last.incarnation, last.last_version, now}});
  vms_.Delete(vm, batch);
  return absl::OkStatus();
}

absl::StatusOr<VmInfo> RocksDbCheckpointStore::SetRetention(absl::string_view vm, const Retention& retention,
                                                            absl::Time now) {
  VmInfo changed;
  const absl::Status status = Change(ChangeKind::kUpdate, [&](CommitBatch& batch) -> absl::Status {
    const absl::StatusOr<absl::optional<VmInfo>> info = vms_.Find(vm, batch);
    if (!info.ok()) return info.status();
    if (!*info) return VmNotFound(vm);
    changed = **info;
    changed.retention = retention;
    changed.swept_version = 0;
    changed.update_time = now;
    vms_.Put(changed, batch);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return changed;
}

absl::Status RocksDbCheckpointStore::SetProtected(absl::string_view vm, int64_t version, bool is_protected) {
  return Change(ChangeKind::kUpdate, [&](CommitBatch& batch) -> absl::Status {
    absl::StatusOr<absl::optional<VmInfo>> info = vms_.Find(vm, batch);
    if (!info.ok()) return info.status();
    if (!*info) return VmNotFound(vm);
    absl::StatusOr<absl::optional<KeptCheckpoint>> checkpoint = table_.FindCheckpoint(vm, version, &batch);
    if (!checkpoint.ok()) return checkpoint.status();
    if (!*checkpoint) return CheckpointNotFound(vm, version);
    (**info).protected_count += int{is_protected} - int{(**checkpoint).stored.is_protected};
    (**checkpoint).stored.is_protected = is_protected;
    // Retention may have passed it because it was protected.
    (**info).swept_version = std::min((**info).swept_version, version - 1);
    RocksDbCheckpointChanges changes(database_, table_, records_, batch, **info);
    records_.BeginChange(CheckpointKey(vm, version));
    changes.PutCheckpoint(**checkpoint, (**checkpoint).stored.record);
    vms_.Put(**info, batch);
    return absl::OkStatus();
  });
}

absl::StatusOr<RetentionSweep> RocksDbCheckpointStore::ApplyRetention(absl::string_view vm, absl::Time now) {
  absl::StatusOr<RetentionSweep> sweep = RetentionSweep();
  const absl::Status status = Change(ChangeKind::kDeletion, [&](CommitBatch& batch) -> absl::Status {
    absl::StatusOr<absl::optional<VmInfo>> info = vms_.Find(vm, batch);
    if (!info.ok()) return info.status();
    if (!*info) return VmNotFound(vm);
    const int64_t swept_before = (**info).swept_version;
    RocksDbCheckpointChanges changes(database_, table_, records_, batch, **info);
    sweep = changes.Sweep(now, kSweptAtOnce);
    if (!sweep.ok()) return sweep.status();
    if (sweep->removed > 0) (**info).update_time = now;
    if ((**info).swept_version != swept_before) Finish(batch, **info, changes);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return sweep;
}

}  // namespace armstate
