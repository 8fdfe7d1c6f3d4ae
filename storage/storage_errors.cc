#include "storage/storage_errors.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/error.h"

namespace armstate {
namespace {

absl::Status NotFound(ErrorReason reason, const std::string& name) {
  return MakeError(absl::StatusCode::kNotFound, reason, absl::StrCat(name, " does not exist"), {{"name", name}});
}

struct KindTraits {
  const char* collection;
  ErrorReason not_found;
};

KindTraits TraitsOf(RecordKind kind) {
  switch (kind) {
    case RecordKind::kMachine:
      return {"machines", ErrorReason::kMachineNotFound};
    case RecordKind::kHost:
      return {"hosts", ErrorReason::kHostNotFound};
    case RecordKind::kCpuProfile:
      return {"cpuProfiles", ErrorReason::kCpuProfileNotFound};
    case RecordKind::kRestoreReport:
      break;
  }
  return {"restores", ErrorReason::kCheckpointNotFound};
}

}  // namespace

std::string VmName(absl::string_view vm) { return absl::StrCat("vms/", vm); }

std::string CheckpointName(absl::string_view vm, int64_t version) {
  return absl::StrCat("vms/", vm, "/checkpoints/", version);
}

std::string RecordName(RecordKind kind, absl::string_view name) {
  return absl::StrCat(TraitsOf(kind).collection, "/", name);
}

std::string BaseName(absl::string_view vm, int64_t version) { return absl::StrCat("vms/", vm, "/bases/", version); }

std::string LayoutName(absl::string_view hash) { return absl::StrCat("layouts/", absl::BytesToHexString(hash)); }

std::string EventName(uint64_t sequence) { return absl::StrCat("events/", sequence); }

absl::Status VmNotFound(absl::string_view vm) { return NotFound(ErrorReason::kVmNotFound, VmName(vm)); }

absl::Status CheckpointNotFound(absl::string_view vm, int64_t version) {
  return NotFound(ErrorReason::kCheckpointNotFound, CheckpointName(vm, version));
}

absl::Status CheckpointProtected(absl::string_view vm, int64_t version) {
  const std::string name = CheckpointName(vm, version);
  return MakeError(absl::StatusCode::kFailedPrecondition, ErrorReason::kCheckpointProtected,
                   absl::StrCat(name, " is protected: take the protection off before"), {{"name", name}});
}

absl::Status VmProtected(absl::string_view vm, int64_t version, int64_t protected_count) {
  const std::string name = CheckpointName(vm, version);
  return MakeError(absl::StatusCode::kFailedPrecondition, ErrorReason::kCheckpointProtected,
                   protected_count == 1 ? absl::StrCat(VmName(vm), " has a protected checkpoint, ", name)
                                        : absl::StrCat(VmName(vm), " has ", protected_count,
                                                       " protected checkpoints, one of them ", name),
                   {{"name", name}, {"protected", absl::StrCat(protected_count)}});
}

absl::Status NoCheckpointKept(absl::string_view vm) {
  return NotFound(ErrorReason::kCheckpointNotFound, absl::StrCat(VmName(vm), "/checkpoints/latest"));
}

absl::Status RecordNotFound(RecordKind kind, absl::string_view name) {
  return NotFound(TraitsOf(kind).not_found, RecordName(kind, name));
}

absl::Status CheckEventPosition(uint64_t after, const EventRange& kept) {
  if (after > kept.newest) {
    return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kPageTokenInvalid,
                     absl::StrCat("there is no event ", after, ", the newest is ", kept.newest),
                     {{"after", absl::StrCat(after)}, {"newest", absl::StrCat(kept.newest)}});
  }
  if (after + 1 < kept.oldest) {
    return MakeError(
        absl::StatusCode::kOutOfRange, ErrorReason::kEventsGone,
        absl::StrCat("events after ", after, " are asked for, but the oldest that is kept is ", kept.oldest),
        {{"after", absl::StrCat(after)}, {"oldest", absl::StrCat(kept.oldest)}});
  }
  return absl::OkStatus();
}

absl::Status RecordDamaged(absl::string_view record, absl::string_view why) {
  return MakeError(absl::StatusCode::kDataLoss, ErrorReason::kRecordDamaged, absl::StrCat(record, " is damaged: ", why),
                   {{"record", std::string(record)}});
}

}  // namespace armstate
