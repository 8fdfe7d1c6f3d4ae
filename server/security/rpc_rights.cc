#include "server/security/rpc_rights.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/secret_redaction.h"
#include "server/security/identity.h"

namespace armstate {
namespace {

using Rows = absl::flat_hash_map<absl::string_view, RpcRights>;

// Has one row for each RPC, by the name of its request.
Rows MakeRows() {
  constexpr v1::Permission kPush = v1::PERMISSION_PUSH;
  constexpr v1::Permission kRead = v1::PERMISSION_READ;
  constexpr v1::Permission kRestore = v1::PERMISSION_RESTORE;
  constexpr v1::Permission kDelete = v1::PERMISSION_DELETE;
  constexpr v1::Permission kProtect = v1::PERMISSION_PROTECT;
  constexpr v1::Permission kAdminister = v1::PERMISSION_ADMINISTER;
  Rows rows;
  const auto add = [&rows](absl::string_view request, std::vector<RpcRights::Right> rights,
                           std::vector<RpcRights::Secret> secrets = {}) {
    rows.emplace(request, RpcRights(std::move(rights), std::move(secrets)));
  };
  // Whoever may restore a checkpoint gets what a restore needs.
  constexpr auto kOrRestore = RpcRights::Secret::Permission::kReadSecretsOrRestore;
  add("CreateCheckpointRequest", {{kPush, "parent"}});
  add("StreamCheckpointsRequest", {{kPush, "requests.parent"}});
  add("GetCheckpointRequest", {{kRead, "name"}}, {{"name", kOrRestore}});
  add("ListCheckpointsRequest", {{kRead, "parent"}});
  add("UpdateCheckpointRequest", {{kProtect, "checkpoint.name"}});
  add("DeleteCheckpointRequest", {{kDelete, "name"}});
  add("GetVmRequest", {{kRead, "name"}});
  add("ListVmsRequest", {});
  add("UpdateVmRequest", {{kProtect, "vm.name"}});
  add("DeleteVmRequest", {{kDelete, "name"}});
  add("CompareCheckpointsRequest", {{kRead, "old_checkpoint"}, {kRead, "new_checkpoint"}},
      {{"old_checkpoint"}, {"new_checkpoint"}});
  add("ListRegisterHistoryRequest", {{kRead, "parent"}}, {{"parent"}});
  add("SearchRegistersRequest", {});
  add("WatchCheckpointsRequest", {{kRead, "parent"}});

  add("ValidateCheckpointRequest", {{kRestore, "checkpoint"}, {kRead, "target.host"}, {kRead, "target.checkpoint"}},
      {{"checkpoint"}, {"target.checkpoint"}});
  add("PlanRestoreRequest", {{kRestore, "checkpoint"}, {kRead, "target.host"}, {kRead, "target.checkpoint"}},
      {{"checkpoint", kOrRestore}, {"target.checkpoint"}});
  add("ConvertCheckpointRequest", {{kRestore, "checkpoint"}, {kRead, "target.host"}, {kRead, "target.checkpoint"}},
      {{"checkpoint", kOrRestore}, {"target.checkpoint"}});
  add("FindRestoreTargetsRequest", {{kRestore, "checkpoint"}});
  add("ComputeBaselineRequest", {{kRead, "targets.host"}, {kRead, "targets.checkpoint"}});
  add("CreateRestoreRequest", {{kRestore, "parent"}, {kRead, "restore.target.host"}});
  add("ListRestoresRequest", {{kRead, "parent"}});

  add("CreateMachineRequest", {{kPush, "machines/machine_id"}});
  add("GetMachineRequest", {{kRead, "name"}});
  add("ListMachinesRequest", {});
  add("DeleteMachineRequest", {{kDelete, "name"}});
  add("ReadRegistersRequest", {{kRead, "machine"}}, {{"machine"}});
  add("WriteRegistersRequest", {{kPush, "machine"}});
  add("ResetMachineRequest", {{kPush, "name"}});
  add("CaptureMachineRequest", {{kRead, "machine"}, {kPush, "parent"}});
  add("RestoreMachineRequest", {{kPush, "machine"}, {kRestore, "checkpoint"}});

  add("CreateHostRequest", {{kAdminister, "hosts/host_id"}});
  add("GetHostRequest", {{kRead, "name"}});
  add("ListHostsRequest", {});
  add("UpdateHostRequest", {{kAdminister, "host.name"}});
  add("DeleteHostRequest", {{kAdminister, "name"}});
  // Those that are built in are as public as the program. An imported one is stored for good.
  add("GetCpuProfileRequest", {});
  add("ListCpuProfilesRequest", {});
  add("ImportCpuProfileRequest", {{kAdminister, "server"}});

  add("GetStatisticsRequest", {{kAdminister, "server"}});
  add("CreateBackupRequest", {{kAdminister, "server"}});
  add("ListBackupsRequest", {{kAdminister, "server"}});
  add("RotateEncryptionKeyRequest", {{kAdminister, "server"}});
  return rows;
}

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr absl::string_view kAllVms = "vms/-";

// Calls `take` with each text that the path names, until one fails. Empty texts and messages that are not set are left
// out. A row that names a field that does not exist would be a fault of this program, which the table's test finds.
absl::Status ForEachText(const Message& message, absl::string_view path,
                         const std::function<absl::Status(const std::string&)>& take) {
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(path, absl::MaxSplits('.', 1));
  const FieldDescriptor* const field = message.GetDescriptor()->FindFieldByName(std::string(parts.first));
  if (field == nullptr) return absl::InternalError(absl::StrCat("there is no field ", path));
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    const std::string text = reflection.GetString(message, field);
    return text.empty() ? absl::OkStatus() : take(text);
  }
  if (!field->is_repeated()) {
    if (!reflection.HasField(message, field)) return absl::OkStatus();
    return ForEachText(reflection.GetMessage(message, field), parts.second, take);
  }
  for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
    absl::Status status = ForEachText(reflection.GetRepeatedMessage(message, field, i), parts.second, take);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// "vms/web" for "vms/web/checkpoints/3": what has rights of its own.
absl::string_view ResourceOf(absl::string_view name) {
  const size_t collection = name.find('/');
  if (collection == absl::string_view::npos) return name;
  return name.substr(0, name.find('/', collection + 1));
}

// Calls `take` with each resource that a row's text stands for, until one fails.
absl::Status ForEachResource(const Message& request, absl::string_view field,
                             absl::FunctionRef<absl::Status(const std::string& name)> take) {
  if (field == "server") return take("server");
  absl::string_view collection;
  if (const size_t slash = field.find('/'); slash != absl::string_view::npos) {
    collection = field.substr(0, slash + 1);
    field.remove_prefix(slash + 1);
  }
  return ForEachText(request, field, [&](const std::string& text) {
    if (text == kAllVms) return absl::OkStatus();  // without those that the caller may not read
    return take(absl::StrCat(collection, text));
  });
}

}  // namespace

const RpcRights* RpcRights::Find(const google::protobuf::Descriptor& request) {
  static const Rows* const rows = new Rows(MakeRows());
  const auto row = rows->find(request.name());
  return row == rows->end() ? nullptr : &row->second;
}

absl::Status RpcRights::CheckCall(const AccessControl& control, const grpc::AuthContext& caller,
                                  const Message& request) {
  if (!control.HasPolicy()) return absl::OkStatus();
  const RpcRights* const rights = Find(*request.GetDescriptor());
  if (rights == nullptr) return absl::PermissionDeniedError("nobody may call this");
  const Access access(control, IdentityOf(caller));
  absl::Status permitted = rights->Check(access, request);
  return permitted.ok() ? access.Take(request.ByteSizeLong()) : permitted;
}

absl::Status RpcRights::Check(const Access& access, const Message& request) const {
  for (const Right& right : rights_) {
    absl::Status status = ForEachResource(request, right.resource, [&](const std::string& name) {
      return access.Check(right.permission, ResourceOf(name));
    });
    if (!status.ok()) return status;
  }
  if (!AsksForSecrets(request)) return absl::OkStatus();
  for (const Secret& secret : secrets_) {
    absl::Status status = ForEachResource(request, secret.resource, [&](const std::string& name) {
      if (secret.permission == Secret::Permission::kReadSecretsOrRestore &&
          access.May(v1::PERMISSION_RESTORE, ResourceOf(name))) {
        return absl::OkStatus();
      }
      return access.Check(v1::PERMISSION_READ_SECRETS, ResourceOf(name));
    });
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

bool RpcRights::IsRead() const {
  return std::all_of(rights_.begin(), rights_.end(),
                     [](const Right& right) { return right.permission == v1::PERMISSION_READ; });
}

std::vector<std::string> RpcRights::Resources(const Message& request, size_t most) const {
  std::vector<std::string> names;
  for (const Right& right : rights_) {
    const absl::Status all = ForEachResource(request, right.resource, [&](const std::string& name) {
      if (names.size() == most) return absl::OutOfRangeError("there are more");
      names.push_back(name);
      return absl::OkStatus();
    });
    if (!all.ok()) break;
  }
  return names;
}

}  // namespace armstate
