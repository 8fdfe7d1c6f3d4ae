#include "server/retention/vm_retention.h"

#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/error.h"
#include "google/protobuf/util/field_mask_util.h"
#include "google/protobuf/util/time_util.h"
#include "proto/resource_names.h"
#include "server/checkpoints/stored_checkpoint_conversion.h"
#include "server/rpc/invalid_field.h"

namespace armstate {
namespace {

using ::google::protobuf::util::FieldMaskUtil;
using ::google::protobuf::util::TimeUtil;

constexpr int64_t kMaxKeepForSeconds = int64_t{36500} * 24 * 3600;

v1::Retention RetentionToProto(const Retention& retention) {
  v1::Retention message;
  message.set_keep_last(retention.keep_last);
  if (retention.keep_for > absl::ZeroDuration()) {
    message.mutable_keep_for()->set_seconds(absl::ToInt64Seconds(retention.keep_for));
  }
  message.set_keep_labelled(retention.keep_labelled);
  return message;
}

absl::StatusOr<Retention> RetentionFromProto(const v1::Retention& message) {
  if (message.keep_last() < 0) return InvalidField("vm.retention.keep_last", "is below 0");
  const google::protobuf::Duration& keep_for = message.keep_for();
  if (keep_for.seconds() < 0 || keep_for.nanos() < 0) return InvalidField("vm.retention.keep_for", "is below 0");
  if (keep_for.nanos() != 0) return InvalidField("vm.retention.keep_for", "is not in whole seconds");
  if (keep_for.seconds() > kMaxKeepForSeconds) return InvalidField("vm.retention.keep_for", "is above 36500 days");
  return Retention{message.keep_last(), absl::Seconds(keep_for.seconds()), message.keep_labelled()};
}

absl::Status CheckVmMask(const google::protobuf::FieldMask& mask) {
  if (mask.paths().empty()) return InvalidField("update_mask", "is required: retention, or some of its fields");
  for (const std::string& path : mask.paths()) {
    absl::string_view field = path;
    if (field == "retention") continue;
    if (absl::ConsumePrefix(&field, "retention.") && !absl::StrContains(field, '.') &&
        FieldMaskUtil::IsValidPath<v1::Vm>(path)) {
      continue;
    }
    return InvalidField("update_mask", absl::StrCat("names ", path, ", but only retention, retention.keep_last, ",
                                                    "retention.keep_for and retention.keep_labelled can be changed"));
  }
  return absl::OkStatus();
}

absl::Status CheckCheckpointMask(const google::protobuf::FieldMask& mask) {
  if (mask.paths().empty()) return InvalidField("update_mask", "is required: is_protected");
  for (const std::string& path : mask.paths()) {
    if (path != "is_protected") {
      return InvalidField("update_mask", absl::StrCat("names ", path, ", but only is_protected can be changed"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

v1::Vm VmToProto(const VmInfo& info) {
  v1::Vm vm;
  vm.set_name(FormatVmName(info.vm));
  vm.set_uid(absl::StrCat(absl::Hex(info.incarnation, absl::kZeroPad16)));
  vm.set_latest_version(info.last_version);
  vm.set_checkpoint_count(info.checkpoint_count);
  *vm.mutable_create_time() = TimeUtil::NanosecondsToTimestamp(absl::ToUnixNanos(info.create_time));
  *vm.mutable_update_time() = TimeUtil::NanosecondsToTimestamp(absl::ToUnixNanos(info.update_time));
  *vm.mutable_retention() = RetentionToProto(info.retention);
  return vm;
}

absl::StatusOr<v1::Vm> VmRetention::UpdateVm(const v1::UpdateVmRequest& request,
                                             const std::function<bool()>& cancelled) {
  const absl::StatusOr<std::string> vm = ParseVmName(request.vm().name());
  if (!vm.ok()) return vm.status();
  if (absl::Status status = CheckVmMask(request.update_mask()); !status.ok()) return status;
  {
    absl::MutexLock lock(&mutex_);
    const absl::StatusOr<VmInfo> present = checkpoints_.GetVm(*vm);
    if (!present.ok()) return present.status();
    v1::Vm merged = VmToProto(*present);
    FieldMaskUtil::MergeOptions options;
    options.set_replace_message_fields(true);
    FieldMaskUtil::MergeMessageTo(request.vm(), request.update_mask(), options, &merged);
    const absl::StatusOr<Retention> retention = RetentionFromProto(merged.retention());
    if (!retention.ok()) return retention.status();
    if (absl::Status status = checkpoints_.SetRetention(*vm, *retention).status(); !status.ok()) return status;
  }
  if (absl::Status status = checkpoints_.ApplyRetention(*vm, cancelled).status(); !status.ok()) return status;
  if (absl::Status status = history_.Prune(*vm, cancelled); !status.ok()) return status;
  const absl::StatusOr<VmInfo> changed = checkpoints_.GetVm(*vm);
  if (!changed.ok()) return changed.status();
  return VmToProto(*changed);
}

absl::StatusOr<v1::Checkpoint> VmRetention::UpdateCheckpoint(const v1::UpdateCheckpointRequest& request) {
  const absl::StatusOr<CheckpointName> name = ParseCheckpointName(request.checkpoint().name());
  if (!name.ok()) return name.status();
  if (!name->version) {
    return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kResourceNameInvalid,
                     "latest can only be read; name the version to change",
                     {{"name", request.checkpoint().name()}, {"expected", "vms/{vm}/checkpoints/{version}"}});
  }
  if (absl::Status status = CheckCheckpointMask(request.update_mask()); !status.ok()) return status;
  const bool is_protected = request.checkpoint().is_protected();
  if (absl::Status status = checkpoints_.SetProtected(name->vm, *name->version, is_protected); !status.ok()) {
    return status;
  }
  const absl::StatusOr<StoredCheckpoint> stored = checkpoints_.Get(name->vm, name->version, VcpuSelection::kNone);
  if (!stored.ok()) return stored.status();
  return BasicView(name->vm, stored->summary);
}

}  // namespace armstate
