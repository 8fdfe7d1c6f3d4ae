#include "server/restore_service.h"

#include <string>
#include <utility>
#include <vector>

#include "core/catalog.h"
#include "core/merge.h"
#include "core/restore_order.h"
#include "server/checkpoint_access.h"
#include "server/handler.h"
#include "server/vm_restore.h"

namespace armstate {
namespace {

// A verdict is the outcome of a restore onto fresh vCPUs of the profile: there is no second rule book.
v1::RestoreReport Judge(const LoadedCheckpoint& checkpoint, const RegisteredProfile& target, ReportedRegisters which) {
  std::vector<EngineVcpu> vcpus = MakeVcpus(target.profile, static_cast<int>(checkpoint.vcpus.size()));
  const VmRestore restore = RestoreVm(checkpoint.vcpus, vcpus, OnRefusal::kKeepGoing);
  return VmRestoreToProto(checkpoint, *target.profile, restore, NotesFor(checkpoint.basic, target.message), which);
}

v1::VcpuRestorePlan PlanVcpu(const VcpuState& state, const CpuProfile& target) {
  v1::VcpuRestorePlan plan;
  plan.set_vcpu_index(state.vcpu_index);
  const RegisterLayout& own = *target.layout();
  const LayoutMerge merge = MergeLayouts(own, state.registers.layout());
  std::vector<absl::optional<uint32_t>> incoming(own.size());
  for (size_t k = 0; k < merge.common_own.size(); ++k) incoming[merge.common_own[k]] = merge.common_incoming[k];
  for (const uint32_t index : target.restore_order()) {
    if (!incoming[index]) continue;
    v1::PlannedWrite* write = plan.add_writes();
    write->set_register_id(own.id(index).raw());
    write->set_name(RegisterName(own.id(index), target.scheme()));
    write->set_value(std::string(state.registers.value(*incoming[index])));
    write->set_phase(static_cast<int>(RestorePhaseOf(own.id(index), target.scheme())));
  }
  const auto omit = [&](RegisterId id, absl::string_view reason) {
    v1::PlanOmission* omission = plan.add_omissions();
    omission->set_register_id(id.raw());
    omission->set_name(RegisterName(id, target.scheme()));
    omission->set_reason(std::string(reason));
  };
  for (const uint32_t index : merge.only_incoming) omit(state.registers.id(index), "the target has no such register");
  for (const uint32_t index : merge.only_own)
    omit(own.id(index), "not in the checkpoint: the target keeps its own value");
  return plan;
}

}  // namespace

grpc::ServerUnaryReactor* RestoreServiceImpl::ValidateCheckpoint(grpc::CallbackServerContext* context,
                                                                 const v1::ValidateCheckpointRequest* request,
                                                                 v1::ValidateCheckpointResponse* response) {
  return Answer(context, Validate(*request), response);
}

grpc::ServerUnaryReactor* RestoreServiceImpl::PlanRestore(grpc::CallbackServerContext* context,
                                                          const v1::PlanRestoreRequest* request,
                                                          v1::PlanRestoreResponse* response) {
  return Answer(context, Plan(*request), response);
}

absl::StatusOr<v1::ValidateCheckpointResponse> RestoreServiceImpl::Validate(
    const v1::ValidateCheckpointRequest& request) {
  const absl::StatusOr<ProfileRegistry::Entry> target = profiles_.Find(request.cpu_profile());
  if (!target.ok()) return target.status();
  const absl::StatusOr<LoadedCheckpoint> checkpoint = LoadCheckpoint(checkpoints_, request.checkpoint());
  if (!checkpoint.ok()) return checkpoint.status();
  v1::ValidateCheckpointResponse response;
  response.set_checkpoint(checkpoint->basic.name());
  *response.mutable_report() =
      Judge(*checkpoint, **target, request.all_registers() ? ReportedRegisters::kAll : ReportedRegisters::kFindings);
  return response;
}

absl::StatusOr<v1::PlanRestoreResponse> RestoreServiceImpl::Plan(const v1::PlanRestoreRequest& request) {
  const absl::StatusOr<ProfileRegistry::Entry> target = profiles_.Find(request.cpu_profile());
  if (!target.ok()) return target.status();
  const absl::StatusOr<LoadedCheckpoint> checkpoint = LoadCheckpoint(checkpoints_, request.checkpoint());
  if (!checkpoint.ok()) return checkpoint.status();
  v1::PlanRestoreResponse response;
  response.set_checkpoint(checkpoint->basic.name());
  for (const RestorePhaseInfo& info : RestorePhases((*target)->profile->scheme())) {
    v1::RestorePhase* phase = response.add_phases();
    phase->set_phase(response.phases_size() - 1);
    phase->set_name(std::string(info.name));
    phase->set_reason(std::string(info.reason));
  }
  for (const VcpuState& state : checkpoint->vcpus) *response.add_vcpus() = PlanVcpu(state, *(*target)->profile);
  *response.mutable_report() = Judge(*checkpoint, **target, ReportedRegisters::kFindings);
  return response;
}

}  // namespace armstate
