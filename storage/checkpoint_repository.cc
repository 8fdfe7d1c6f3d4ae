#include "storage/checkpoint_repository.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "storage/storage_errors.h"

namespace armstate {
namespace {

// About 12 MB of layouts. A fleet has a few dozen kinds of vCPU with up to 2000 registers each; more than this is an
// attack or a test, and then the cache begins anew.
constexpr size_t kMaxCachedRegisters = size_t{1} << 20;

CheckpointSummary Summarize(int64_t version, const CheckpointRecordView& view) {
  CheckpointSummary summary;
  summary.version = version;
  summary.create_time = view.create_time();
  summary.request_id = std::string(view.request_id());
  summary.metadata = std::string(view.metadata());
  summary.vcpu_count = static_cast<int>(view.vcpu_count());
  return summary;
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

CheckpointRepository::CheckpointRepository(CheckpointStore& store, Clock clock)
    : store_(store), clock_(std::move(clock)) {}

absl::StatusOr<CreatedCheckpoint> CheckpointRepository::Create(absl::string_view vm, NewCheckpoint checkpoint,
                                                               absl::optional<int64_t> expected_latest_version) {
  CheckpointRecord record;
  // As it will be read back.
  record.create_time = absl::FromUnixNanos(absl::ToUnixNanos(clock_()));
  record.request_id = std::move(checkpoint.request_id);
  record.request_digest = std::move(checkpoint.request_digest);
  record.metadata = std::move(checkpoint.metadata);
  record.vcpus = std::move(checkpoint.vcpus);
  absl::StatusOr<EncodedCheckpoint> encoded = EncodeCheckpoint(record);
  if (!encoded.ok()) return encoded.status();
  for (const auto& [hash, layout] : encoded->layouts) {
    if (absl::Status status = KeepLayout(hash, layout); !status.ok()) return status;
  }

  CommitRequest request;
  request.vm = std::string(vm);
  request.expected_last_version = expected_latest_version;
  request.request_id = record.request_id;
  request.record = std::move(encoded->record);
  request.now = record.create_time;
  absl::StatusOr<CommitResult> result = store_.Commit(request);
  if (!result.ok()) return result.status();
  if (const auto* unknown = std::get_if<CommitUnknown>(&*result)) return unknown->cause;
  if (const auto* conflict = std::get_if<CommitConflict>(&*result)) {
    return VersionConflict(vm, expected_latest_version.value_or(0), conflict->last_version);
  }

  const Committed& committed = std::get<Committed>(*result);
  CreatedCheckpoint created;
  created.was_retry = committed.was_retry();
  const std::string name = CheckpointName(vm, committed.version);
  if (created.was_retry && !committed.earlier_record->ok()) return committed.earlier_record->status();
  const absl::StatusOr<CheckpointRecordView> view =
      CheckpointRecordView::Parse(created.was_retry ? **committed.earlier_record : request.record, name);
  if (!view.ok()) return view.status();
  if (view->request_digest() != record.request_digest) return RequestIdReused(name, record.request_id);
  created.summary = Summarize(committed.version, *view);
  return created;
}

absl::Status CheckpointRepository::CheckLatestVersion(absl::string_view vm, int64_t expected) {
  const absl::StatusOr<VmInfo> info = store_.Last(vm);
  if (!info.ok() && !absl::IsNotFound(info.status())) return info.status();
  const int64_t latest = info.ok() ? info->last_version : 0;
  return latest == expected ? absl::OkStatus() : VersionConflict(vm, expected, latest);
}

absl::StatusOr<StoredCheckpoint> CheckpointRepository::Get(absl::string_view vm, absl::optional<int64_t> version,
                                                           VcpuSelection selection) {
  const absl::StatusOr<StoredRecord> stored = ReadRecord(vm, version);
  if (!stored.ok()) return stored.status();
  const std::string name = CheckpointName(vm, stored->version);
  const absl::StatusOr<CheckpointRecordView> view = CheckpointRecordView::Parse(stored->record, name);
  if (!view.ok()) return view.status();
  StoredCheckpoint checkpoint;
  checkpoint.summary = Summarize(stored->version, *view);
  if (selection == VcpuSelection::kNone) return checkpoint;
  for (size_t i = 0; i < view->vcpu_count(); ++i) {
    absl::StatusOr<VcpuRecord> vcpu = ReadVcpu(view->vcpu(i), name);
    if (!vcpu.ok()) return vcpu.status();
    checkpoint.vcpus.push_back(*std::move(vcpu));
  }
  return checkpoint;
}

absl::StatusOr<StoredCheckpoint> CheckpointRepository::GetVcpus(absl::string_view vm, absl::optional<int64_t> version,
                                                                absl::Span<const int32_t> vcpu_indexes) {
  const absl::StatusOr<StoredRecord> stored = ReadRecord(vm, version);
  if (!stored.ok()) return stored.status();
  const std::string name = CheckpointName(vm, stored->version);
  const absl::StatusOr<CheckpointRecordView> view = CheckpointRecordView::Parse(stored->record, name);
  if (!view.ok()) return view.status();
  std::vector<int32_t> wanted(vcpu_indexes.begin(), vcpu_indexes.end());
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  StoredCheckpoint checkpoint;
  checkpoint.summary = Summarize(stored->version, *view);
  for (const int32_t vcpu_index : wanted) {
    const VcpuRecordView* found = view->FindVcpu(vcpu_index);
    if (found == nullptr) return VcpuNotFound(name, vcpu_index);
    absl::StatusOr<VcpuRecord> vcpu = ReadVcpu(*found, name);
    if (!vcpu.ok()) return vcpu.status();
    checkpoint.vcpus.push_back(*std::move(vcpu));
  }
  return checkpoint;
}

absl::StatusOr<CheckpointPage> CheckpointRepository::List(absl::string_view vm, int64_t after, size_t limit) {
  const absl::StatusOr<RecordPage> records = store_.List(vm, after, limit);
  if (!records.ok()) return records.status();
  CheckpointPage page;
  page.more = records->more;
  for (const ListedRecord& record : records->records) {
    if (!record.record.ok()) {
      page.checkpoints.push_back({record.version, record.record.status()});
      continue;
    }
    const absl::StatusOr<CheckpointRecordView> view =
        CheckpointRecordView::Parse(*record.record, CheckpointName(vm, record.version));
    if (view.ok()) {
      page.checkpoints.push_back({record.version, Summarize(record.version, *view)});
    } else {
      page.checkpoints.push_back({record.version, view.status()});
    }
  }
  return page;
}

absl::Status CheckpointRepository::Delete(absl::string_view vm, int64_t version) {
  return store_.Delete(vm, version, clock_());
}

absl::StatusOr<VmInfo> CheckpointRepository::GetVm(absl::string_view vm) { return store_.Last(vm); }

absl::StatusOr<VmPage> CheckpointRepository::ListVms(absl::string_view cursor, size_t limit) {
  return store_.ListVms(cursor, limit);
}

absl::Status CheckpointRepository::DeleteVm(absl::string_view vm) { return store_.DeleteVm(vm); }

absl::StatusOr<StoredRecord> CheckpointRepository::ReadRecord(absl::string_view vm, absl::optional<int64_t> version) {
  if (!version) return store_.GetLatest(vm);
  absl::StatusOr<std::string> record = store_.Get(vm, *version);
  if (!record.ok()) return record.status();
  return StoredRecord{*version, *std::move(record)};
}

absl::Status CheckpointRepository::KeepLayout(const LayoutHash& hash, const Layout& layout) {
  {
    absl::MutexLock lock(&mutex_);
    if (layouts_.contains(hash)) return absl::OkStatus();
  }
  // Two threads may do this at once; it does no harm.
  if (absl::Status status = store_.PutLayout(hash, EncodeLayout(*layout)); !status.ok()) return status;
  CacheLayout(hash, layout);
  return absl::OkStatus();
}

absl::StatusOr<CheckpointRepository::Layout> CheckpointRepository::FindLayout(absl::string_view hash) {
  {
    absl::MutexLock lock(&mutex_);
    if (const auto it = layouts_.find(hash); it != layouts_.end()) return it->second;
  }
  const absl::StatusOr<std::string> bytes = store_.GetLayout(hash);
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<Layout> layout = DecodeLayout(*bytes, hash);
  if (layout.ok()) CacheLayout(hash, *layout);
  return layout;
}

void CheckpointRepository::CacheLayout(absl::string_view hash, const Layout& layout) {
  absl::MutexLock lock(&mutex_);
  if (cached_registers_ + layout->size() > kMaxCachedRegisters) {
    layouts_.clear();
    cached_registers_ = 0;
  }
  if (layouts_.emplace(hash, layout).second) cached_registers_ += layout->size();
}

absl::StatusOr<VcpuRecord> CheckpointRepository::ReadVcpu(const VcpuRecordView& view, absl::string_view name) {
  const absl::StatusOr<Layout> layout = FindLayout(view.layout_hash);
  if (!layout.ok()) return Annotate(layout.status(), name);
  absl::StatusOr<RegisterList> registers = RegisterList::Create(*layout, std::string(view.values));
  if (!registers.ok()) return RecordDamaged(name, registers.status().message());
  return VcpuRecord{view.vcpu_index, *std::move(registers), std::string(view.opaque)};
}

}  // namespace armstate
