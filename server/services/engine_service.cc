#include "server/services/engine_service.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/error.h"
#include "core/limits.h"
#include "google/protobuf/util/time_util.h"
#include "proto/register_list_conversion.h"
#include "proto/resource_names.h"
#include "proto/vcpu_state_conversion.h"
#include "server/checkpoints/stored_checkpoint_conversion.h"
#include "server/rpc/invalid_field.h"
#include "server/rpc/page_token.h"
#include "server/verdict/vm_restore.h"

namespace armstate {
namespace {

constexpr absl::string_view kList = "machines";

absl::Status CheckVcpuIndex(const Machine& machine, int vcpu_index) {
  if (vcpu_index >= 0 && vcpu_index < machine.info().vcpu_count()) return absl::OkStatus();
  return MakeError(
      absl::StatusCode::kNotFound, ErrorReason::kVcpuNotFound,
      absl::StrCat(machine.info().name(), " has no vCPU ", vcpu_index, ", only 0 to ", machine.info().vcpu_count() - 1),
      {{"name", machine.info().name()}, {"vcpu_index", absl::StrCat(vcpu_index)}});
}

absl::Status RegisterNotFound(uint64_t raw, const Machine& machine) {
  const std::string id = absl::StrCat("0x", absl::Hex(raw, absl::kZeroPad16));
  return MakeError(absl::StatusCode::kNotFound, ErrorReason::kRegisterNotFound,
                   absl::StrCat(machine.info().cpu_profile(), " has no register ", id), {{"register_id", id}});
}

// Returns some registers of a vCPU; all if `ids` is empty.
absl::StatusOr<RegisterList> Select(const RegisterList& all, std::vector<uint64_t> ids, const Machine& machine) {
  if (ids.empty()) return all;
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  RegisterListBuilder builder;
  for (const uint64_t raw : ids) {
    const absl::StatusOr<RegisterId> id = RegisterId::Create(raw);
    const absl::optional<absl::string_view> value = id.ok() ? all.Find(*id) : absl::nullopt;
    if (!value) return RegisterNotFound(raw, machine);
    builder.AddBytes(*id, *value);
  }
  return std::move(builder).Build();
}

OnRefusal RefusalMode(bool keep_going) { return keep_going ? OnRefusal::kKeepGoing : OnRefusal::kPutBack; }

// Captures a checkpoint of this machine, ready for the store.
v1::Checkpoint CaptureMessage(const Machine& machine, const google::protobuf::Map<std::string, std::string>& labels) {
  v1::Checkpoint checkpoint;
  *checkpoint.mutable_capture_time() = google::protobuf::util::TimeUtil::GetCurrentTime();
  v1::Source& source = *checkpoint.mutable_source();
  source.set_accelerator(v1::ACCELERATOR_ENGINE);
  source.set_hypervisor("armstate");
  source.set_cpu_profile(machine.info().cpu_profile());
  *checkpoint.mutable_labels() = labels;
  for (VcpuState& state : machine.Capture()) *checkpoint.add_vcpus() = VcpuStateToProto(std::move(state));
  return checkpoint;
}

}  // namespace

absl::StatusOr<v1::Machine> EngineServiceImpl::Create(const v1::CreateMachineRequest& request) {
  const std::string name = FormatMachineName(request.machine_id());
  const absl::StatusOr<std::string> id = ParseMachineName(name);
  if (!id.ok()) return id.status();
  const absl::StatusOr<ProfileRegistry::Entry> profile = profiles_.Find(request.machine().cpu_profile());
  if (!profile.ok()) return profile.status();
  v1::Machine info;
  info.set_name(name);
  info.set_cpu_profile(request.machine().cpu_profile());
  info.set_vcpu_count(request.machine().vcpu_count() == 0 ? 1 : request.machine().vcpu_count());
  if (info.vcpu_count() < 1 || info.vcpu_count() > kMaxVcpus) {
    return InvalidField("machine.vcpu_count", absl::StrCat("is ", info.vcpu_count(), ", not 1 to ", kMaxVcpus));
  }
  *info.mutable_create_time() = google::protobuf::util::TimeUtil::GetCurrentTime();
  const Machine machine(std::move(info), (*profile)->profile);
  if (absl::Status status = machines_.Create(*id, machine); !status.ok()) return status;
  return machine.info();
}

absl::StatusOr<v1::Machine> EngineServiceImpl::Get(const v1::GetMachineRequest& request) {
  const absl::StatusOr<Machine> machine = machines_.Get(request.name());
  if (!machine.ok()) return machine.status();
  return machine->info();
}

absl::StatusOr<v1::ListMachinesResponse> EngineServiceImpl::List(const v1::ListMachinesRequest& request,
                                                                 const Access& access) {
  const absl::StatusOr<int> page_size = PageSize(request.page_size());
  if (!page_size.ok()) return page_size.status();
  const absl::StatusOr<std::string> after = DecodePageToken(kList, request.page_token());
  if (!after.ok()) return after.status();
  absl::StatusOr<MachineInfoPage> page = machines_.List(*after, *page_size, [&access](const std::string& name) {
    return !access.IsLimited() || access.May(v1::PERMISSION_READ, name);
  });
  if (!page.ok()) return page.status();
  v1::ListMachinesResponse response;
  for (v1::Machine& machine : page->machines) *response.add_machines() = std::move(machine);
  if (page->more) {
    const absl::StatusOr<std::string> last = ParseMachineName(response.machines().rbegin()->name());
    if (!last.ok()) return last.status();
    response.set_next_page_token(EncodePageToken(kList, *last));
  }
  return response;
}

absl::StatusOr<google::protobuf::Empty> EngineServiceImpl::Delete(const v1::DeleteMachineRequest& request) {
  if (absl::Status status = machines_.Delete(request.name()); !status.ok()) return status;
  return google::protobuf::Empty();
}

absl::StatusOr<v1::ReadRegistersResponse> EngineServiceImpl::Read(const v1::ReadRegistersRequest& request) {
  absl::Status size = CheckLimit("register_ids", request.register_ids_size(), kMaxVcpuRegisters);
  if (!size.ok()) return size;
  const absl::StatusOr<Machine> machine = machines_.Get(request.machine());
  if (!machine.ok()) return machine.status();
  if (absl::Status status = CheckVcpuIndex(*machine, request.vcpu_index()); !status.ok()) return status;
  const std::vector<VcpuState> states = machine->Capture();
  absl::StatusOr<RegisterList> registers = Select(
      states[request.vcpu_index()].registers, {request.register_ids().begin(), request.register_ids().end()}, *machine);
  if (!registers.ok()) return registers.status();
  v1::ReadRegistersResponse response;
  *response.mutable_registers() = RegisterListToProto(*std::move(registers));
  return response;
}

absl::StatusOr<v1::WriteRegistersResponse> EngineServiceImpl::Write(const v1::WriteRegistersRequest& request) {
  absl::Status size = CheckLimit("registers", request.registers().ids_size(), kMaxVcpuRegisters);
  if (!size.ok()) return size;
  absl::StatusOr<RegisterList> registers = RegisterListFromProto(v1::RegisterList(request.registers()));
  if (!registers.ok()) return AnnotateField(registers.status(), "registers");
  v1::WriteRegistersResponse response;
  const absl::Status status = machines_.Update(request.machine(), [&](Machine& machine) -> absl::Status {
    if (absl::Status index = CheckVcpuIndex(machine, request.vcpu_index()); !index.ok()) return index;
    EngineVcpu& vcpu = machine.vcpus()[request.vcpu_index()];
    // A write is not a restore: registers that it does not name are not affected.
    RestoreReport report =
        RestoreRegisters(*registers, vcpu, RefusalMode(request.keep_going()), ListScope::kSomeRegisters);
    for (EngineVcpu& other : machine.vcpus()) other.AdoptVmWide(vcpu);
    const VcpuReportInput restore{request.vcpu_index(), *registers, *machine.profile().layout(), report};
    *response.mutable_report() =
        RestoreReportToProto({&restore, 1}, machine.profile().scheme(), ReportedRegisters::kFindings);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return response;
}

absl::StatusOr<v1::Machine> EngineServiceImpl::Reset(const v1::ResetMachineRequest& request) {
  v1::Machine info;
  const absl::Status status = machines_.Update(request.name(), [&](Machine& machine) {
    machine.Reset();
    info = machine.info();
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return info;
}

absl::StatusOr<v1::Checkpoint> EngineServiceImpl::Capture(const v1::CaptureMachineRequest& request) {
  const absl::StatusOr<std::string> vm = ParseVmName(request.parent());
  if (!vm.ok()) return vm.status();
  const absl::StatusOr<Machine> machine = machines_.Get(request.machine());
  if (!machine.ok()) return machine.status();
  v1::Checkpoint checkpoint = CaptureMessage(*machine, request.labels());
  absl::StatusOr<std::vector<VcpuState>> vcpus = ParseCheckpoint(checkpoint);
  if (!vcpus.ok()) return vcpus.status();
  // A retry finds the machine in another state and at another time; only the request stays the same.
  return StoreCheckpoint(
      checkpoints_, *vm,
      ToNewCheckpoint(checkpoint, *std::move(vcpus), {request.request_id(), DigestOfRequest(request)}));
}

absl::StatusOr<v1::RestoreMachineResponse> EngineServiceImpl::Restore(const v1::RestoreMachineRequest& request,
                                                                      const StopCheck& stop) {
  const absl::StatusOr<LoadedCheckpoint> checkpoint = LoadCheckpoint(checkpoints_, request.checkpoint());
  if (!checkpoint.ok()) return checkpoint.status();
  v1::RestoreMachineResponse response;
  response.set_checkpoint(checkpoint->basic.name());
  const absl::Status status = machines_.Update(request.machine(), [&](Machine& machine) -> absl::Status {
    if (checkpoint->vcpus.size() != machine.vcpus().size()) {
      return MakeError(absl::StatusCode::kFailedPrecondition, ErrorReason::kVcpuCountDiffers,
                       absl::StrCat(checkpoint->basic.name(), " has ", checkpoint->vcpus.size(), " vCPUs and ",
                                    machine.info().name(), " has ", machine.vcpus().size()),
                       {{"checkpoint_vcpus", absl::StrCat(checkpoint->vcpus.size())},
                        {"target_vcpus", absl::StrCat(machine.vcpus().size())}});
    }
    const absl::StatusOr<EngineRestoreResult> restore =
        RestoreEngineVm(checkpoint->vcpus, machine.vcpus(), RefusalMode(request.keep_going()), stop);
    if (!restore.ok()) return restore.status();
    if (!restore->rolled_back) machine.SetOpaqueFields(checkpoint->vcpus);
    v1::CpuProfile target;  // without a machine type, which the engine lacks
    target.set_accelerator(machine.profile().scheme() == IdScheme::kTcg ? v1::ACCELERATOR_TCG : v1::ACCELERATOR_KVM);
    *response.mutable_report() =
        EngineRestoreToProto(*checkpoint, machine.profile(), *restore, NotesForUntranslated(checkpoint->basic, target),
                             request.all_registers() ? ReportedRegisters::kAll : ReportedRegisters::kFindings);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return response;
}

}  // namespace armstate
