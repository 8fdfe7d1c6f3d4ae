#include "server/query/comparison.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/changed_fields.h"
#include "core/error.h"
#include "core/list_comparison.h"
#include "core/translate.h"
#include "server/checkpoints/scheme.h"
#include "server/checkpoints/stored_checkpoint_conversion.h"
#include "server/rpc/invalid_field.h"
#include "server/rpc/page_token.h"

namespace armstate {
namespace {

v1::RegisterGroup GroupToProto(RegisterGroup group) {
  switch (group) {
    case RegisterGroup::kControl:
      return v1::REGISTER_GROUP_CONTROL;
    case RegisterGroup::kIdentification:
      return v1::REGISTER_GROUP_IDENTIFICATION;
    case RegisterGroup::kException:
      return v1::REGISTER_GROUP_EXCEPTION;
    case RegisterGroup::kDebug:
      return v1::REGISTER_GROUP_DEBUG;
    case RegisterGroup::kInterruptController:
      return v1::REGISTER_GROUP_INTERRUPT_CONTROLLER;
    case RegisterGroup::kOtherSystem:
      return v1::REGISTER_GROUP_OTHER_SYSTEM;
    case RegisterGroup::kPerformanceMonitor:
      return v1::REGISTER_GROUP_PERFORMANCE_MONITOR;
    case RegisterGroup::kTimer:
      return v1::REGISTER_GROUP_TIMER;
    case RegisterGroup::kGeneral:
      return v1::REGISTER_GROUP_GENERAL;
    case RegisterGroup::kVector:
      return v1::REGISTER_GROUP_VECTOR;
  }
  return v1::REGISTER_GROUP_UNSPECIFIED;
}

v1::RegisterChange RegisterToProto(const ComparedRegister& compared, IdScheme scheme) {
  v1::RegisterChange change;
  change.set_register_id(compared.id.raw());
  change.set_name(RegisterName(compared.id, scheme));
  change.set_group(GroupToProto(compared.group));
  if (compared.old_value) change.set_old_value(FormatValue(*compared.old_value));
  if (compared.new_value) change.set_new_value(FormatValue(*compared.new_value));
  if (!compared.old_value || !compared.new_value) return change;
  for (const ChangedField& changed :
       ChangedFields(compared.id, scheme, LowWord(*compared.old_value), LowWord(*compared.new_value))) {
    v1::FieldChange& field = *change.add_fields();
    field.set_field(changed.name);
    field.set_old_value(changed.first);
    field.set_new_value(changed.second);
    field.set_old_meaning(std::string(changed.first_meaning));
    field.set_new_meaning(std::string(changed.second_meaning));
  }
  return change;
}

void AddOpaqueFields(const std::vector<OpaqueField>& old_fields, const std::vector<OpaqueField>& new_fields,
                     ComparedRegisters which, v1::VcpuComparison& vcpu) {
  std::map<std::string, v1::OpaqueFieldChange> changes;
  for (const OpaqueField& field : old_fields) changes[field.name].set_old_data(field.data);
  for (const OpaqueField& field : new_fields) changes[field.name].set_new_data(field.data);
  for (auto& [name, change] : changes) {
    if (which == ComparedRegisters::kDifferent && change.old_data() == change.new_data()) continue;
    change.set_name(name);
    *vcpu.add_opaque_fields() = std::move(change);
  }
}

v1::VcpuComparison CompareVcpu(const VcpuState& old_vcpu, IdScheme old_scheme, const VcpuState& new_vcpu,
                               IdScheme new_scheme, ComparedRegisters which) {
  const Translation old_list = TranslateList(old_vcpu.registers, old_scheme, new_scheme, new_vcpu.registers.layout());
  const ListComparison compared = CompareLists(old_list.registers, new_vcpu.registers, new_scheme, which);
  v1::VcpuComparison vcpu;
  for (const ComparedRegister& one : compared.registers) *vcpu.add_registers() = RegisterToProto(one, new_scheme);
  AddOpaqueFields(TranslateOpaqueFields(old_vcpu.opaque_fields, old_scheme, new_scheme), new_vcpu.opaque_fields, which,
                  vcpu);
  vcpu.set_equal_count(static_cast<int>(compared.equal));
  vcpu.set_different_count(static_cast<int>(compared.different));
  return vcpu;
}

void AddNote(absl::string_view what, const std::string& old_value, const std::string& new_value,
             v1::CompareCheckpointsResponse& response) {
  if (old_value == new_value || old_value.empty() || new_value.empty()) return;
  response.add_notes(absl::StrCat(what, ": ", old_value, " -> ", new_value));
}

// Empty where it is unknown.
std::string HypervisorOf(const v1::Source& source) {
  if (source.hypervisor_version().empty()) return source.hypervisor();
  return absl::StrCat(source.hypervisor(), " ", source.hypervisor_version());
}

void AddNotes(v1::CompareCheckpointsResponse& response) {
  const v1::Source& old_source = response.old_checkpoint().source();
  const v1::Source& new_source = response.new_checkpoint().source();
  AddNote("CPU model", old_source.cpu_model(), new_source.cpu_model(), response);
  AddNote("machine type", old_source.machine_type(), new_source.machine_type(), response);
  AddNote("hypervisor", HypervisorOf(old_source), HypervisorOf(new_source), response);
  AddNote("host", old_source.host(), new_source.host(), response);
  AddNote("host kernel", old_source.host_kernel(), new_source.host_kernel(), response);
}

}  // namespace

const VcpuState* Comparison::Side::Find(int vcpu_index) const {
  const auto found = std::find_if(vcpus.begin(), vcpus.end(),
                                  [vcpu_index](const VcpuState& vcpu) { return vcpu.vcpu_index == vcpu_index; });
  return found == vcpus.end() ? nullptr : &*found;
}

absl::StatusOr<Comparison::Side> Comparison::Load(const std::string& name) const {
  if (absl::StartsWith(name, "machines/")) {
    const absl::StatusOr<Machine> machine = machines_.Get(name);
    if (!machine.ok()) return machine.status();
    Side side{{}, machine->profile().scheme(), machine->Capture()};
    side.basic.set_name(machine->info().name());
    side.basic.mutable_source()->set_accelerator(v1::ACCELERATOR_ENGINE);
    side.basic.mutable_source()->set_cpu_profile(machine->info().cpu_profile());
    return side;
  }
  absl::StatusOr<LoadedCheckpoint> loaded = LoadCheckpoint(checkpoints_, name);
  if (!loaded.ok()) return loaded.status();
  const absl::optional<IdScheme> scheme = SchemeOf(loaded->basic.source(), profiles_);
  return Side{std::move(loaded->basic), scheme, std::move(loaded->vcpus)};
}

absl::StatusOr<v1::CompareCheckpointsResponse> Comparison::Compare(const v1::CompareCheckpointsRequest& request,
                                                                   const StopCheck& stop) const {
  if (request.page_size() < 0) return InvalidField("page_size", "is negative");
  absl::Status wanted = CheckLimit("vcpu_indexes", request.vcpu_indexes_size(), kMaxVcpus);
  if (!wanted.ok()) return wanted;
  absl::StatusOr<Side> old_side = Load(request.old_checkpoint());
  if (!old_side.ok()) return AnnotateField(old_side.status(), "old");
  absl::StatusOr<Side> new_side = Load(request.new_checkpoint());
  if (!new_side.ok()) return AnnotateField(new_side.status(), "new");
  // The list name contains the version that `latest` stands for: when that changes, earlier pages belong to another
  // comparison.
  const std::string list = absl::StrCat("compare/", old_side->basic.name(), "/", new_side->basic.name());
  const absl::StatusOr<std::string> token = DecodePageToken(list, request.page_token());
  if (!token.ok()) return token.status();
  int after = -1;
  if (!token->empty() && !absl::SimpleAtoi(*token, &after)) return PageTokenInvalid();

  std::set<int> indexes;
  for (const Side* side : {&*old_side, &*new_side}) {
    for (const VcpuState& vcpu : side->vcpus) indexes.insert(vcpu.vcpu_index);
  }
  for (const int wanted : request.vcpu_indexes()) {
    if (indexes.count(wanted) != 0) continue;
    return MakeError(
        absl::StatusCode::kNotFound, ErrorReason::kVcpuNotFound,
        absl::StrCat("neither ", request.old_checkpoint(), " nor ", request.new_checkpoint(), " has vCPU ", wanted),
        {{"name", request.new_checkpoint()}, {"vcpu_index", absl::StrCat(wanted)}});
  }
  if (!request.vcpu_indexes().empty()) indexes = {request.vcpu_indexes().begin(), request.vcpu_indexes().end()};

  v1::CompareCheckpointsResponse response;
  *response.mutable_old_checkpoint() = old_side->basic;
  *response.mutable_new_checkpoint() = new_side->basic;
  const IdScheme new_scheme = new_side->scheme.value_or(old_side->scheme.value_or(IdScheme::kKvm));
  const IdScheme old_scheme = old_side->scheme.value_or(new_scheme);
  if (old_scheme != new_scheme) {
    response.add_notes(
        "one is of KVM and the other of QEMU's emulation: what the two list under different IDs is matched");
  }
  AddNotes(response);
  const auto which = request.all_registers() ? ComparedRegisters::kAll : ComparedRegisters::kDifferent;
  size_t bytes = 0;
  for (auto index = indexes.upper_bound(after); index != indexes.end(); ++index) {
    if (absl::Status status = stop(); !status.ok()) return status;
    const VcpuState* const old_vcpu = old_side->Find(*index);
    const VcpuState* const new_vcpu = new_side->Find(*index);
    v1::VcpuComparison vcpu;
    if (old_vcpu != nullptr && new_vcpu != nullptr) {
      vcpu = CompareVcpu(*old_vcpu, old_scheme, *new_vcpu, new_scheme, which);
    }
    vcpu.set_only_in_old(new_vcpu == nullptr);
    vcpu.set_only_in_new(old_vcpu == nullptr);
    vcpu.set_vcpu_index(*index);
    bytes += vcpu.ByteSizeLong();
    const bool page_is_full = request.page_size() != 0 && response.vcpus_size() >= request.page_size();
    if (!response.vcpus().empty() && (page_is_full || bytes > kMaxPageBytes)) {
      response.set_next_page_token(EncodePageToken(list, absl::StrCat(response.vcpus().rbegin()->vcpu_index())));
      break;
    }
    *response.add_vcpus() = std::move(vcpu);
  }
  return response;
}

}  // namespace armstate
