#include "server/restores/history.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "core/error.h"
#include "proto/resource_names.h"
#include "proto/status_conversion.h"
#include "server/rpc/page_token.h"
#include "spdlog/spdlog.h"

namespace armstate {
namespace {

absl::Status Damaged(absl::string_view record) {
  return MakeError(absl::StatusCode::kDataLoss, ErrorReason::kRecordDamaged,
                   absl::StrCat("restores/", record, " cannot be read"),
                   {{"record", absl::StrCat("restores/", record)}});
}

std::string IncarnationText(uint64_t incarnation) { return absl::StrCat(absl::Hex(incarnation, absl::kZeroPad16)); }

std::string RestoreName(absl::string_view vm, int64_t version, int64_t number) {
  return absl::StrCat(FormatCheckpointName(vm, version), "/restores/", number);
}

}  // namespace

absl::StatusOr<std::string> RestoreHistory::PrefixOf(absl::string_view vm, int64_t version) const {
  const absl::StatusOr<VmInfo> info = checkpoints_.GetVm(vm);
  if (!info.ok() && !absl::IsDataLoss(info.status())) return info.status();
  const absl::StatusOr<std::string> incarnation =
      info.ok() ? IncarnationText(info->incarnation) : OnlyIncarnation(vm, info.status());
  if (!incarnation.ok()) return incarnation.status();
  return absl::StrCat(vm, "/", *incarnation, "/", NumberInName(version), "/");
}

absl::StatusOr<std::string> RestoreHistory::OnlyIncarnation(absl::string_view vm, const absl::Status& damage) const {
  const std::string all = absl::StrCat(vm, "/");
  const absl::StatusOr<NamedRecordPage> first = store_.List(RecordKind::kRestoreReport, all, "", 1);
  if (!first.ok()) return first.status();
  if (first->records.empty()) return IncarnationText(0);
  const std::vector<std::string> parts = absl::StrSplit(first->records.front().name, '/');
  // "0" sorts directly after "/".
  const absl::StatusOr<NamedRecordPage> other =
      store_.List(RecordKind::kRestoreReport, all, absl::StrCat(vm, "/", parts[1], "0"), 1);
  if (!other.ok()) return other.status();
  if (!other->records.empty()) return damage;  // they include those of a deleted VM
  return parts[1];
}

absl::StatusOr<int64_t> RestoreHistory::LastNumber(const std::string& prefix) const {
  int64_t last = 0;
  std::string after = prefix;
  for (bool more = true; more;) {
    const absl::StatusOr<NamedRecordPage> page = store_.List(RecordKind::kRestoreReport, prefix, after, 1000);
    if (!page.ok()) return page.status();
    for (const ListedNamedRecord& listed : page->records) {
      int64_t number = 0;
      if (absl::SimpleAtoi(absl::StripPrefix(listed.name, prefix), &number)) last = std::max(last, number);
      after = listed.name;
    }
    more = page->more;
  }
  return last;
}

absl::StatusOr<v1::Restore> RestoreHistory::Add(absl::string_view vm, int64_t version, v1::Restore restore) {
  absl::MutexLock lock(&mutex_);
  // Nothing is added to a damaged checkpoint.
  if (absl::Status status = checkpoints_.GetVm(vm).status(); !status.ok()) return status;
  const absl::StatusOr<std::string> prefix = PrefixOf(vm, version);
  if (!prefix.ok()) return prefix.status();
  int64_t last = 0;
  const absl::StatusOr<std::string> counter = store_.Get(RecordKind::kRestoreReport, *prefix);
  const bool is_damaged = counter.ok() ? !absl::SimpleAtoi(*counter, &last) : absl::IsDataLoss(counter.status());
  if (is_damaged) {
    // The record that the counter refers to exists.
    const absl::StatusOr<int64_t> found = LastNumber(*prefix);
    if (!found.ok()) return found.status();
    last = *found;
  } else if (!counter.ok() && !absl::IsNotFound(counter.status())) {
    return counter.status();
  }
  restore.set_name(RestoreName(vm, version, last + 1));
  const RecordChange changes[] = {
      {RecordKind::kRestoreReport, *prefix, absl::StrCat(last + 1)},
      {RecordKind::kRestoreReport, absl::StrCat(*prefix, NumberInName(last + 1)), restore.SerializeAsString()}};
  if (absl::Status status = store_.Commit(changes); !status.ok()) return status;
  return restore;
}

absl::StatusOr<RestorePage> RestoreHistory::List(absl::string_view vm, int64_t version, int64_t after, int limit) {
  const absl::StatusOr<std::string> prefix = PrefixOf(vm, version);
  if (!prefix.ok()) return prefix.status();
  const absl::StatusOr<NamedRecordPage> page = store_.List(
      RecordKind::kRestoreReport, *prefix, absl::StrCat(*prefix, NumberInName(after)), static_cast<size_t>(limit));
  if (!page.ok()) return page.status();
  RestorePage restores;
  restores.more = page->more;
  size_t bytes = 0;
  if (!page->unnamed.ok()) spdlog::warn("{}", std::string(page->unnamed.message()));
  for (const ListedNamedRecord& listed : page->records) {
    int64_t number = 0;
    if (!absl::SimpleAtoi(absl::StripPrefix(listed.name, *prefix), &number)) {
      spdlog::warn("{}", std::string(Damaged(listed.name).message()));
      continue;
    }
    bytes += listed.bytes.ok() ? listed.bytes->size() : 0;
    if (bytes > kMaxPageBytes && !restores.restores.empty()) {
      restores.more = true;
      break;
    }
    v1::Restore& restore = restores.restores.emplace_back();
    if (listed.bytes.ok() && restore.ParseFromString(*listed.bytes)) continue;
    restore.Clear();
    restore.set_name(RestoreName(vm, version, number));
    *restore.mutable_error() = ToGoogleRpcStatus(listed.bytes.ok() ? Damaged(listed.name) : listed.bytes.status());
  }
  if (restores.restores.empty()) restores.more = false;
  return restores;
}

absl::Status RestoreHistory::DeleteOf(absl::string_view vm, int64_t version) {
  absl::MutexLock lock(&mutex_);
  const absl::StatusOr<std::string> prefix = PrefixOf(vm, version);
  if (!prefix.ok()) return prefix.status();
  return store_.DeletePrefix(RecordKind::kRestoreReport, *prefix);
}

absl::Status RestoreHistory::DeleteOfVm(absl::string_view vm, uint64_t incarnation) {
  absl::MutexLock lock(&mutex_);
  return store_.DeletePrefix(RecordKind::kRestoreReport, absl::StrCat(vm, "/", IncarnationText(incarnation), "/"));
}

absl::Status RestoreHistory::CheckKept(absl::string_view vm, absl::string_view incarnation, int64_t version) const {
  const absl::StatusOr<VmInfo> info = checkpoints_.GetVm(vm);
  if (absl::IsNotFound(info.status())) return info.status();
  if (!info.ok()) return absl::IsDataLoss(info.status()) ? absl::OkStatus() : info.status();
  if (IncarnationText(info->incarnation) != incarnation) return absl::NotFoundError("another incarnation");
  const absl::Status status = checkpoints_.Get(vm, version, VcpuSelection::kNone).status();
  return absl::IsDataLoss(status) ? absl::OkStatus() : status;
}

absl::Status RestoreHistory::Prune(absl::string_view vm, const std::function<bool()>& cancelled) {
  const std::string all = vm.empty() ? "" : absl::StrCat(vm, "/");  // a VM's name has no '/'
  std::string after;
  while (true) {
    if (cancelled()) return CallCancelled("cancelled");
    const absl::StatusOr<NamedRecordPage> page = store_.List(RecordKind::kRestoreReport, all, after, 1);
    if (!page.ok()) return page.status();
    if (page->records.empty()) return absl::OkStatus();
    after = page->records.front().name;
    const std::vector<std::string> parts = absl::StrSplit(after, '/');
    int64_t version = 0;
    if (parts.size() != 4 || !absl::SimpleAtoi(parts[2], &version)) continue;  // not a record of this class
    const std::string of_checkpoint = absl::StrCat(parts[0], "/", parts[1], "/", parts[2], "/");
    const absl::Status kept = CheckKept(parts[0], parts[1], version);
    if (absl::IsNotFound(kept)) {
      // No lock is needed: versions and incarnations are never reused.
      const absl::Status deleted = store_.DeletePrefix(RecordKind::kRestoreReport, of_checkpoint);
      if (!deleted.ok()) return deleted;
    } else if (!kept.ok()) {
      return kept;
    }
    after = absl::StrCat(of_checkpoint, ":");  // sorts after all digits
  }
}

}  // namespace armstate
