#include "storage/rocksdb/checkpoint_changes.h"

#include <algorithm>
#include <utility>

#include "storage/rocksdb/keys.h"
#include "storage/rocksdb/values.h"
#include "storage/storage_errors.h"

namespace armstate {
namespace {

// The number of versions that a commit checks for retention: more than one, so that it catches up after retention was
// changed; few, so that a commit stays a commit.
constexpr int kSweptByCommit = 4;

}  // namespace

void RocksDbCheckpointChanges::PutCheckpoint(const KeptCheckpoint& checkpoint, absl::string_view record) {
  const std::string key = CheckpointKey(info_.vm, checkpoint.stored.version);
  batch_.Put(database_.handle(ColumnFamily::kCheckpoints), key,
             database_.Encrypt(ColumnFamily::kCheckpoints, key, EncodeCheckpointValue(checkpoint, record)));
}

absl::Status RocksDbCheckpointChanges::Append(const CommitRequest& request, const std::string& request_hash) {
  const int64_t version = info_.last_version + 1;
  for (const auto& [hash, bytes] : request.layouts) {
    const std::string value = EncodeBytesValue(bytes);
    const absl::StatusOr<absl::optional<std::string>> present =
        database_.Get(batch_, ColumnFamily::kLayouts, hash, LayoutName(hash));
    if (!present.ok() && !absl::IsDataLoss(present.status())) return present.status();
    // A damaged one is mended.
    if (!present.ok() || *present != value) batch_.Put(database_.handle(ColumnFamily::kLayouts), ToSlice(hash), value);
  }
  if (!request.new_base.empty()) {
    info_.base_version = version;
    const std::string key = CheckpointKey(info_.vm, version);
    batch_.Put(database_.handle(ColumnFamily::kBases), key,
               database_.Encrypt(ColumnFamily::kBases, key, EncodeBytesValue(request.new_base)));
  } else if (!request.base) {
    // The versions that need a base follow each other: IsBaseNeeded relies on it.
    info_.base_version = 0;
  }
  KeptCheckpoint checkpoint;
  checkpoint.request_hash = request_hash;
  checkpoint.stored.version = version;
  checkpoint.stored.base_version = info_.base_version;
  checkpoint.stored.time = request.commit_time;
  checkpoint.stored.raw_bytes = request.raw_bytes;
  checkpoint.stored.labelled = request.labelled;
  PutCheckpoint(checkpoint, request.record);
  if (!checkpoint.request_hash.empty()) {
    batch_.Put(database_.handle(ColumnFamily::kRetries), RequestKey(info_.vm, checkpoint.request_hash),
               EncodeRequestValue(version));
  }
  info_.last_version = info_.latest_kept_version = version;
  info_.checkpoint_count += 1;
  info_.raw_bytes += request.raw_bytes;
  info_.update_time = request.commit_time;
  AddEvent(CheckpointEventKind::kCommitted, version, request.commit_time);
  return Sweep(request.commit_time, kSweptByCommit).status();
}

void RocksDbCheckpointChanges::Remove(int64_t version, const absl::StatusOr<KeptCheckpoint>& checkpoint,
                                      absl::Time now) {
  const std::string key = CheckpointKey(info_.vm, version);
  records_.BeginChange(key);
  batch_.Delete(database_.handle(ColumnFamily::kCheckpoints), key);
  if (checkpoint.ok() && !checkpoint->request_hash.empty()) {
    batch_.Delete(database_.handle(ColumnFamily::kRetries), RequestKey(info_.vm, checkpoint->request_hash));
  }
  info_.checkpoint_count -= 1;
  if (checkpoint.ok()) {
    info_.raw_bytes -= checkpoint->stored.raw_bytes;
    info_.protected_count -= checkpoint->stored.is_protected ? 1 : 0;
  }
  // It is not known what a damaged version counted.
  info_.protected_count = std::min(info_.protected_count, info_.checkpoint_count);
  if (info_.checkpoint_count == 0) info_.raw_bytes = 0;
  AddEvent(CheckpointEventKind::kDeleted, version, now);
}

void RocksDbCheckpointChanges::AddEvent(CheckpointEventKind kind, int64_t version, absl::Time now) {
  events_.push_back({0, kind, info_.vm, info_.incarnation, version, now});
}

absl::Status RocksDbCheckpointChanges::RemoveUnneededBase(int64_t base_version, int64_t above) {
  if (base_version == 0) return absl::OkStatus();
  const absl::StatusOr<bool> needed = table_.IsBaseNeeded(info_, base_version, above, &batch_);
  if (!needed.ok() || *needed) return needed.status();
  batch_.Delete(database_.handle(ColumnFamily::kBases), CheckpointKey(info_.vm, base_version));
  if (info_.base_version == base_version) info_.base_version = 0;
  return absl::OkStatus();
}

absl::StatusOr<RetentionSweep> RocksDbCheckpointChanges::Sweep(absl::Time now, int max_versions) {
  RetentionSweep sweep;
  const Retention& retention = info_.retention;
  if (!retention.enabled()) return RetentionSweep{0, true};
  for (int i = 0; i < max_versions; ++i) {
    const int64_t version = info_.swept_version + 1;
    sweep.done = version >= info_.latest_kept_version ||
                 (retention.keep_last > 0 && version > info_.last_version - retention.keep_last);
    if (sweep.done) return sweep;
    const absl::StatusOr<absl::optional<KeptCheckpoint>> checkpoint = table_.FindCheckpoint(info_.vm, version, &batch_);
    if (!checkpoint.ok() && !absl::IsDataLoss(checkpoint.status())) return checkpoint.status();
    // It is not known whether a damaged version is to be kept: an operator decides.
    if (checkpoint.ok() && *checkpoint) {
      const StoredRecord& stored = (**checkpoint).stored;
      // Those after it are younger.
      sweep.done = retention.keep_for > absl::ZeroDuration() && now - stored.time < retention.keep_for;
      if (sweep.done) return sweep;
      if (!stored.is_protected && !(retention.keep_labelled && stored.labelled)) {
        Remove(version, **checkpoint, now);
        if (absl::Status status = RemoveUnneededBase(stored.base_version, version); !status.ok()) return status;
        sweep.removed += 1;
      }
    }
    info_.swept_version = version;
  }
  return sweep;
}

}  // namespace armstate
