#include "core/error.h"

#include <utility>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace armstate {
namespace {

constexpr absl::string_view kPayloadUrl = "armstate/ErrorInfo";

struct NamedReason {
  ErrorReason reason;
  absl::string_view name;
};

constexpr NamedReason kReasons[] = {
    {ErrorReason::kUnspecified, "UNSPECIFIED"},
    {ErrorReason::kResourceNameInvalid, "RESOURCE_NAME_INVALID"},
    {ErrorReason::kFieldInvalid, "FIELD_INVALID"},
    {ErrorReason::kRegisterListMalformed, "REGISTER_LIST_MALFORMED"},
    {ErrorReason::kRegisterIdInvalid, "REGISTER_ID_INVALID"},
    {ErrorReason::kRegisterNameUnknown, "REGISTER_NAME_UNKNOWN"},
    {ErrorReason::kPageTokenInvalid, "PAGE_TOKEN_INVALID"},
    {ErrorReason::kFilterInvalid, "FILTER_INVALID"},
    {ErrorReason::kVmNotFound, "VM_NOT_FOUND"},
    {ErrorReason::kCheckpointNotFound, "CHECKPOINT_NOT_FOUND"},
    {ErrorReason::kVcpuNotFound, "VCPU_NOT_FOUND"},
    {ErrorReason::kCpuProfileNotFound, "CPU_PROFILE_NOT_FOUND"},
    {ErrorReason::kMachineNotFound, "MACHINE_NOT_FOUND"},
    {ErrorReason::kRegisterNotFound, "REGISTER_NOT_FOUND"},
    {ErrorReason::kHostNotFound, "HOST_NOT_FOUND"},
    {ErrorReason::kBackupNotFound, "BACKUP_NOT_FOUND"},
    {ErrorReason::kVersionConflict, "VERSION_CONFLICT"},
    {ErrorReason::kVcpuCountDiffers, "VCPU_COUNT_DIFFERS"},
    {ErrorReason::kCheckpointProtected, "CHECKPOINT_PROTECTED"},
    {ErrorReason::kBackupDirNotSet, "BACKUP_DIR_NOT_SET"},
    {ErrorReason::kEventsGone, "EVENTS_GONE"},
    {ErrorReason::kMachineUnusable, "MACHINE_UNUSABLE"},
    {ErrorReason::kMachineExists, "MACHINE_EXISTS"},
    {ErrorReason::kRequestIdReused, "REQUEST_ID_REUSED"},
    {ErrorReason::kHostExists, "HOST_EXISTS"},
    {ErrorReason::kCpuProfileExists, "CPU_PROFILE_EXISTS"},
    {ErrorReason::kRecordDamaged, "RECORD_DAMAGED"},
    {ErrorReason::kStorageUnavailable, "STORAGE_UNAVAILABLE"},
    {ErrorReason::kIndexBuilding, "INDEX_BUILDING"},
    {ErrorReason::kWatcherTooSlow, "WATCHER_TOO_SLOW"},
    {ErrorReason::kServerBusy, "SERVER_BUSY"},
    {ErrorReason::kClientLimit, "CLIENT_LIMIT"},
    {ErrorReason::kServerDraining, "SERVER_DRAINING"},
    {ErrorReason::kCallCancelled, "CALL_CANCELLED"},
    {ErrorReason::kDeadlinePassed, "DEADLINE_PASSED"},
    {ErrorReason::kBackupRunning, "BACKUP_RUNNING"},
    {ErrorReason::kStreamMalformed, "STREAM_MALFORMED"},
    {ErrorReason::kCpuProfileMalformed, "CPU_PROFILE_MALFORMED"},
    {ErrorReason::kToleranceMalformed, "TOLERANCE_MALFORMED"},
    {ErrorReason::kEncryptionKeyWrong, "ENCRYPTION_KEY_WRONG"},
    {ErrorReason::kPermissionDenied, "PERMISSION_DENIED"},
};

}  // namespace

std::string ErrorReasonName(ErrorReason reason) {
  for (const NamedReason& named : kReasons) {
    if (named.reason == reason) return std::string(named.name);
  }
  return absl::StrCat(static_cast<int>(reason));
}

// The payload is reason, key, value, key, value ... separated by NUL, which no key has; a NUL in a value would only cut
// what a program reads, so values lose theirs.
absl::Status MakeError(absl::StatusCode code, ErrorReason reason, absl::string_view message,
                       std::map<std::string, std::string> metadata) {
  absl::Status status(code, message);
  std::string payload = absl::StrCat(static_cast<int>(reason));
  for (const auto& [key, value] : metadata) {
    absl::StrAppend(&payload, absl::string_view("\0", 1), key, absl::string_view("\0", 1),
                    value.substr(0, value.find('\0')));
  }
  status.SetPayload(kPayloadUrl, absl::Cord(std::move(payload)));
  return status;
}

absl::Status CallCancelled(absl::string_view message) {
  return MakeError(absl::StatusCode::kCancelled, ErrorReason::kCallCancelled, message);
}

absl::Status Annotate(const absl::Status& status, absl::string_view context) {
  if (status.ok()) return status;
  absl::Status annotated(status.code(), absl::StrCat(context, ": ", status.message()));
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) { annotated.SetPayload(url, payload); });
  return annotated;
}

absl::Status AnnotateField(const absl::Status& status, absl::string_view field) {
  absl::optional<ErrorInfo> info = GetErrorInfo(status);
  if (!info) return Annotate(status, field);
  info->metadata["field"] = std::string(field);
  return MakeError(status.code(), info->reason, absl::StrCat(field, ": ", status.message()), std::move(info->metadata));
}

absl::optional<ErrorInfo> GetErrorInfo(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kPayloadUrl);
  if (!payload) return absl::nullopt;
  const std::string text(*payload);
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '\0');
  ErrorInfo info;
  int reason = 0;
  if (absl::SimpleAtoi(parts[0], &reason)) info.reason = static_cast<ErrorReason>(reason);
  for (size_t i = 1; i + 1 < parts.size(); i += 2) info.metadata.emplace(parts[i], parts[i + 1]);
  return info;
}

}  // namespace armstate
