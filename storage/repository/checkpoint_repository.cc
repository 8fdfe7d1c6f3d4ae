#include "storage/repository/checkpoint_repository.h"

#include <algorithm>
#include <future>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "storage/format/difference_record.h"
#include "storage/storage_errors.h"

namespace armstate {
namespace {

constexpr size_t kRawBytesPerRegister = 16;

// Far from 2^32: a register has at least a byte of value, of which a record has at most kMaxRecordBytes.
uint32_t RawBytes(const NewCheckpoint& checkpoint) {
  size_t registers = 0;
  for (const VcpuRecord& vcpu : checkpoint.vcpus) registers += vcpu.registers.size();
  return static_cast<uint32_t>(registers * kRawBytesPerRegister);
}

absl::Status VersionConflict(absl::string_view vm, int64_t expected, int64_t latest) {
  return MakeError(absl::StatusCode::kFailedPrecondition, ErrorReason::kVersionConflict,
                   absl::StrCat("the latest version of ", VmName(vm), " is ", latest, ", not ", expected),
                   {{"expected_version", absl::StrCat(expected)}, {"latest_version", absl::StrCat(latest)}});
}

absl::Status RequestIdReused(const std::string& name, const std::string& request_id) {
  return MakeError(absl::StatusCode::kAlreadyExists, ErrorReason::kRequestIdReused,
                   absl::StrCat("request_id ", request_id, " made ", name, ", which is another checkpoint than this"),
                   {{"request_id", request_id}, {"name", name}});
}

absl::Status VcpuNotFound(const std::string& name, int32_t vcpu_index) {
  return MakeError(absl::StatusCode::kNotFound, ErrorReason::kVcpuNotFound,
                   absl::StrCat(name, " has no vCPU ", vcpu_index),
                   {{"name", name}, {"vcpu_index", absl::StrCat(vcpu_index)}});
}

}  // namespace

struct CheckpointRepository::Pending {
  std::string vm;
  NewCheckpoint checkpoint;
  absl::Time create_time;
  absl::optional<int64_t> expected_latest_version;
  CreateCallback done;
  int attempts = 0;
  // Incarnation and version of an earlier checkpoint of this request that could not be read, with the store's own base,
  // when the store had found it.
  absl::optional<std::pair<uint64_t, int64_t>> damaged;
  BaseSource earlier_base = BaseSource::kMemory;
  // The full copy that the last attempt brings; null if it was a difference to another one.
  std::shared_ptr<const FullCopy> new_base;
  std::map<LayoutHash, std::shared_ptr<const RegisterLayout>> layouts;
  int64_t stored_bytes = 0;
};

CheckpointRepository::CheckpointRepository(CheckpointStore& store, Clock clock, Executor executor,
                                           size_t base_cache_bytes)
    : store_(store),
      clock_(std::move(clock)),
      executor_(std::move(executor)),
      layouts_(store),
      bases_(base_cache_bytes),
      decoder_(store, layouts_, bases_) {}

absl::StatusOr<CreatedCheckpoint> CheckpointRepository::Create(absl::string_view vm, NewCheckpoint checkpoint,
                                                               absl::optional<int64_t> expected_latest_version) {
  // Shared, as set_value may not have returned when get does.
  const auto answer = std::make_shared<std::promise<absl::StatusOr<CreatedCheckpoint>>>();
  CreateAsync(vm, std::move(checkpoint), expected_latest_version,
              [answer](absl::StatusOr<CreatedCheckpoint> result) { answer->set_value(std::move(result)); });
  return answer->get_future().get();
}

void CheckpointRepository::CreateAsync(absl::string_view vm, NewCheckpoint checkpoint,
                                       absl::optional<int64_t> expected_latest_version, CreateCallback done) {
  const auto pending = std::make_shared<Pending>();
  pending->vm = std::string(vm);
  // As it will be read back.
  pending->create_time = absl::FromUnixNanos(absl::ToUnixNanos(clock_()));
  pending->checkpoint = std::move(checkpoint);
  pending->expected_latest_version = expected_latest_version;
  pending->done = std::move(done);
  if (absl::Status status = CheckLimits(pending->checkpoint); !status.ok()) return pending->done(status);
  // The full copy of a VM that was not used recently is on disk.
  if (bases_.Find(pending->vm)) {
    Commit(pending);
  } else {
    RunLater([this, pending] { Commit(pending); });
  }
}

void CheckpointRepository::Commit(const std::shared_ptr<Pending>& pending) {
  CommitRequest request;
  request.vm = pending->vm;
  request.expected_last_version = pending->expected_latest_version;
  request.request_id = pending->checkpoint.request_id;
  request.commit_time = pending->create_time;
  request.labelled = pending->checkpoint.labelled;
  request.raw_bytes = RawBytes(pending->checkpoint);

  pending->new_base = nullptr;
  // The base that was found may be outdated in turn, but a full copy needs none.
  const bool may_be_difference = ++pending->attempts < 3;
  const absl::optional<BaseCache::Entry> base =
      may_be_difference ? decoder_.PresentBase(pending->vm) : absl::optional<BaseCache::Entry>();
  if (base && base->last_version + 1 - base->base_version < CheckpointStore::kMaxVersionsPerBase) {
    absl::optional<std::string> difference = EncodeDifference(*base->base, pending->checkpoint);
    // Else it has changed so much that a full copy is a better base for the next ones.
    if (difference && difference->size() <= base->base->record_bytes() / 2) {
      request.base = BaseRef{base->incarnation, base->base_version};
      request.record = *std::move(difference);
    }
  }
  if (!request.base) {
    if (absl::Status status = EncodeFullCopy(*pending, request); !status.ok()) return pending->done(status);
  }
  pending->stored_bytes = static_cast<int64_t>(request.record.size() + request.new_base.size());
  store_.CommitAsync(std::move(request),
                     [this, pending](absl::StatusOr<CommitResult> result) { OnCommitted(pending, std::move(result)); });
}

absl::Status CheckpointRepository::EncodeFullCopy(Pending& pending, CommitRequest& request) {
  absl::StatusOr<EncodedCheckpoint> encoded = EncodeCheckpoint(pending.checkpoint);
  if (!encoded.ok()) return encoded.status();
  pending.layouts = std::move(encoded->layouts);
  request.new_base = FullCopy::Pack(encoded->record);
  absl::StatusOr<std::shared_ptr<const FullCopy>> copy =
      FullCopy::Create(std::move(encoded->record), VmName(pending.vm),
                       [&](absl::string_view hash) -> absl::StatusOr<LayoutCache::Layout> {
                         return pending.layouts.at(LayoutHash(hash));
                       });
  if (!copy.ok()) return copy.status();
  pending.new_base = *std::move(copy);
  absl::optional<std::string> difference = EncodeDifference(*pending.new_base, pending.checkpoint);
  if (!difference) return absl::InternalError("a checkpoint has no difference to its own full copy");
  request.record = *std::move(difference);
  for (const auto& [hash, layout] : pending.layouts) {
    if (!layouts_.IsKnown(hash)) request.layouts.emplace(hash, EncodeLayout(*layout));
  }
  return absl::OkStatus();
}

void CheckpointRepository::OnCommitted(const std::shared_ptr<Pending>& pending, absl::StatusOr<CommitResult> result) {
  if (!result.ok()) return pending->done(result.status());
  if (const auto* unknown = std::get_if<CommitUnknown>(&*result)) return pending->done(unknown->cause);
  if (const auto* conflict = std::get_if<CommitConflict>(&*result)) {
    return pending->done(
        VersionConflict(pending->vm, pending->expected_latest_version.value_or(0), conflict->last_version));
  }
  if (std::holds_alternative<CommitBaseChanged>(*result)) {
    bases_.Remove(pending->vm);
    return RunLater([this, pending] { Commit(pending); });
  }
  Committed& committed = std::get<Committed>(*result);
  if (committed.was_retry()) {
    return RunLater([this, pending, committed = std::move(committed)] { AnswerRetry(pending, committed); });
  }

  if (pending->new_base != nullptr) {
    for (const auto& [hash, layout] : pending->layouts) layouts_.Put(hash, layout);
    bases_.Put(pending->vm, {committed.incarnation, committed.version, committed.version, pending->new_base});
  } else {
    bases_.NoteVersion(pending->vm, committed.incarnation, committed.version);
  }
  CountCreated(*pending);
  CreatedCheckpoint created;
  created.summary.version = committed.version;
  created.summary.create_time = pending->create_time;
  created.summary.metadata = std::move(pending->checkpoint.metadata);
  created.summary.vcpu_count = static_cast<int>(pending->checkpoint.vcpus.size());
  pending->done(std::move(created));
}

void CheckpointRepository::AnswerRetry(const std::shared_ptr<Pending>& pending, const Committed& committed) {
  if (!committed.earlier_record->ok()) return pending->done(committed.earlier_record->status());
  const StoredRecord& stored = **committed.earlier_record;
  absl::StatusOr<StoredCheckpoint> decoded = decoder_.Decode(pending->vm, stored, kNoVcpus, pending->earlier_base);
  const std::pair<uint64_t, int64_t> found(committed.incarnation, committed.version);
  if (absl::IsDataLoss(decoded.status()) && pending->damaged != found) {
    // It may have been deleted since the store found it, with its base. Then the store finds it no more.
    if (pending->earlier_base == BaseSource::kStore) pending->damaged = found;
    pending->earlier_base = BaseSource::kStore;
    decoder_.Forget(pending->vm, stored.base_version);
    return Commit(pending);
  }
  if (!decoded.ok()) return pending->done(decoded.status());
  const NewCheckpoint& given = pending->checkpoint;
  if (decoded->request_digest != absl::string_view(given.request_digest).substr(0, kKeptDigestBytes)) {
    return pending->done(RequestIdReused(CheckpointName(pending->vm, committed.version), given.request_id));
  }
  pending->done(CreatedCheckpoint{std::move(decoded->summary), /*was_retry=*/true});
}

void CheckpointRepository::CountCreated(const Pending& pending) {
  absl::MutexLock lock(&mutex_);
  statistics_.checkpoints += 1;
  statistics_.full_copies += pending.new_base != nullptr ? 1 : 0;
  statistics_.raw_bytes += RawBytes(pending.checkpoint);
  statistics_.stored_bytes += pending.stored_bytes;
}

std::shared_ptr<const RegisterLayout> CheckpointRepository::LikelyLayout(absl::string_view vm) {
  const absl::optional<BaseCache::Entry> cached = bases_.Find(vm);
  if (!cached || cached->base->vcpus().empty()) return nullptr;
  return cached->base->vcpus()[0].layout.value_or(nullptr);
}

absl::Status CheckpointRepository::CheckLatestVersion(absl::string_view vm, int64_t expected) {
  const absl::StatusOr<VmInfo> info = store_.GetVm(vm);
  if (!info.ok() && !absl::IsNotFound(info.status())) return info.status();
  const int64_t latest = info.ok() ? info->last_version : 0;
  return latest == expected ? absl::OkStatus() : VersionConflict(vm, expected, latest);
}

absl::StatusOr<StoredCheckpoint> CheckpointRepository::Get(absl::string_view vm, absl::optional<int64_t> version,
                                                           VcpuSelection selection) {
  return decoder_.Read(vm, version, selection == VcpuSelection::kAll ? WantedVcpus() : kNoVcpus);
}

absl::StatusOr<StoredCheckpoint> CheckpointRepository::GetVcpus(absl::string_view vm, absl::optional<int64_t> version,
                                                                absl::Span<const int32_t> vcpu_indexes) {
  std::vector<int32_t> wanted(vcpu_indexes.begin(), vcpu_indexes.end());
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  absl::StatusOr<StoredCheckpoint> checkpoint = decoder_.Read(vm, version, absl::MakeConstSpan(wanted));
  if (!checkpoint.ok()) return checkpoint;
  for (size_t i = 0; i < wanted.size(); ++i) {
    // Both ascend, so the first difference is a vCPU that is not there.
    if (i == checkpoint->vcpus.size() || checkpoint->vcpus[i].vcpu_index != wanted[i]) {
      return VcpuNotFound(CheckpointName(vm, checkpoint->summary.version), wanted[i]);
    }
  }
  return checkpoint;
}

absl::StatusOr<CheckpointPage> CheckpointRepository::List(absl::string_view vm, int64_t after, size_t limit) {
  return decoder_.List(vm, after, limit);
}

absl::Status CheckpointRepository::Delete(absl::string_view vm, int64_t version) {
  return store_.Delete(vm, version, clock_());
}

absl::StatusOr<VmInfo> CheckpointRepository::GetVm(absl::string_view vm) { return store_.GetVm(vm); }

absl::StatusOr<VmPage> CheckpointRepository::ListVms(absl::string_view cursor, size_t limit) {
  return store_.ListVms(cursor, limit);
}

absl::Status CheckpointRepository::DeleteVm(absl::string_view vm, ProtectedVersions protected_versions) {
  return store_.DeleteVm(vm, protected_versions, clock_());
}

absl::StatusOr<VmInfo> CheckpointRepository::SetRetention(absl::string_view vm, const Retention& retention) {
  return store_.SetRetention(vm, retention, clock_());
}

absl::Status CheckpointRepository::SetProtected(absl::string_view vm, int64_t version, bool is_protected) {
  return store_.SetProtected(vm, version, is_protected);
}

absl::StatusOr<int64_t> CheckpointRepository::ApplyRetention(absl::string_view vm,
                                                             const std::function<bool()>& cancelled) {
  int64_t removed = 0;
  while (true) {
    if (cancelled()) return CallCancelled("retention was cancelled");
    const absl::StatusOr<RetentionSweep> sweep = store_.ApplyRetention(vm, clock_());
    if (!sweep.ok()) return sweep.status();
    removed += sweep->removed;
    if (sweep->done) return removed;
  }
}

RepositoryStatistics CheckpointRepository::statistics() const {
  absl::MutexLock lock(&mutex_);
  return statistics_;
}

}  // namespace armstate
