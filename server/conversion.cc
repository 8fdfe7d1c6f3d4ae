#include "server/conversion.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "core/conversion.h"
#include "core/planned_value.h"
#include "proto/register_list_conversion.h"
#include "proto/resource_names.h"
#include "server/checkpoint_codec.h"
#include "server/checkpoint_scheme.h"
#include "server/invalid_field.h"
#include "server/judgement.h"
#include "server/profile_name.h"
#include "server/profile_recognition.h"
#include "server/registered_profile.h"

namespace armstate {
namespace {

absl::StatusOr<JudgedCheckpoint> TakeCheckpoint(v1::ConvertCheckpointRequest& request, const RestoreTargets& targets) {
  if (request.has_checkpoint()) return targets.Load(request.checkpoint());
  if (!request.has_state()) return InvalidField("source", "is required: a checkpoint or a state");
  absl::StatusOr<std::vector<VcpuState>> vcpus = CheckCheckpoint(*request.mutable_state());
  if (!vcpus.ok()) return vcpus.status();
  const absl::optional<IdScheme> scheme = SchemeOf(request.state().source(), targets.profiles());
  return JudgedCheckpoint{{std::move(*request.mutable_state()), *std::move(vcpus)}, scheme};
}

// A QEMU profile is named without the version of its machine type; the VM has one, and keeps it.
void ChooseMachineType(const std::string& machine_type, v1::RestoreTarget& target) {
  const absl::StatusOr<std::string> id = ParseCpuProfileName(target.cpu_profile());
  if (!id.ok()) return;
  const absl::optional<QemuProfileName> name = ParseQemuProfileName(*id);
  const auto [machine, version] = ParseMachineType(machine_type);
  if (!name || name->machine_version || name->machine != machine || !version) return;
  target.set_cpu_profile(FormatCpuProfileName(
      absl::StrReplaceAll(*id, {{absl::StrCat(".", machine, "."), absl::StrCat(".", machine_type, ".")}})));
}

// A guest keeps its machine type, which an older QEMU does not have. Nothing if it has it, as far as one can tell.
std::string MissingMachineType(const std::string& machine_type, const v1::CpuProfile& target) {
  const auto version = ParseMachineType(machine_type).second;
  const auto release = ParseQemuVersion(target.hypervisor_version());
  if (target.accelerator() != v1::TCG || !version || !release || *version <= release->first) return "";
  return absl::StrCat("QEMU ", FormatSeries(release->first), " has no machine type ", machine_type,
                      ", which is later than it: a guest cannot leave its machine type. Start guests that are to go "
                      "back with one that both releases have");
}

// Lists say neither QEMU's release nor the CPU model, but they may be those of a profile.
void DescribeLists(int vcpu_count, const ProfileRegistry& profiles, JudgedTarget& target) {
  const std::string& machine_type = target.about->machine_type();
  const ProfileRegistry::Entry known = RecogniseProfile(target.profile(0)->reset(), vcpu_count, machine_type, profiles);
  if (known == nullptr) return;
  v1::CpuProfile about = WithoutRegisters(known->message);
  about.clear_name();  // it is not what the target is judged by
  about.set_machine_type(machine_type);
  target.about = std::make_shared<const v1::CpuProfile>(std::move(about));
}

absl::Status CheckAccepted(const v1::ConvertCheckpointRequest& request) {
  const absl::Span<const absl::string_view> names = AcceptableNames();
  for (const std::string& name : request.accept()) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    return InvalidField("accept", absl::StrCat("can be ", absl::StrJoin(names, ", ")));
  }
  return absl::OkStatus();
}

const RegisterFinding* FindingOf(const RestoreReport& report, RegisterId id) {
  const auto found = std::lower_bound(report.findings.begin(), report.findings.end(), id,
                                      [](const RegisterFinding& f, RegisterId wanted) { return f.id < wanted; });
  return found == report.findings.end() || found->id != id ? nullptr : &*found;
}

// What QEMU's emulation is to hold: every register, since it loads as 0 what a stream lacks.
RegisterList WholeList(const RegisterLayout& layout, absl::string_view values, const RestoreReport& report) {
  RegisterListBuilder builder;
  for (size_t i = 0; i < layout.size(); ++i) {
    const RegisterFinding* finding = FindingOf(report, layout.id(i));
    const bool own = finding != nullptr && !finding->tolerance.empty() && !finding->got.empty();
    builder.AddBytes(layout.id(i), own ? finding->got : std::string(values.substr(layout.offset(i), layout.width(i))));
  }
  return *std::move(builder).Build();
}

// What KVM is to be given: the rest it has by itself.
RegisterList TakenList(const RegisterList& list, const RegisterLayout& layout, const RestoreReport& report) {
  RegisterListBuilder builder;
  for (size_t i = 0; i < list.size(); ++i) {
    if (!layout.Find(list.id(i))) continue;
    const RegisterFinding* finding = FindingOf(report, list.id(i));
    const absl::optional<absl::string_view> value =
        finding == nullptr ? list.value(i) : PlannedValue(*finding, IdScheme::kKvm);
    if (value) builder.AddBytes(list.id(i), std::string(*value));
  }
  return *std::move(builder).Build();
}

// What the target's constants hold above their registers' width, and the guest's own bits there.
void AddUpperHalves(const CpuProfile& profile, const std::vector<OpaqueField>& guest, v1::VcpuState& vcpu) {
  for (const CpuProfile::UpperHalf& half : profile.upper_halves()) {
    const std::string name = absl::StrCat("cpreg_vmstate_values[", profile.layout()->id(half.index).ToString(), "]");
    const auto own = std::find_if(guest.begin(), guest.end(), [&](const OpaqueField& f) { return f.name == name; });
    v1::OpaqueField& field = *vcpu.add_opaque_fields();
    field.set_name(name);
    for (size_t byte = 0; byte < sizeof(half.reset); ++byte) {
      const size_t shift = 8 * (sizeof(half.reset) - 1 - byte);
      const auto bits = static_cast<uint8_t>(half.reset >> shift),
                 writable = static_cast<uint8_t>(half.writable >> shift);
      const uint8_t guest_bits =
          own != guest.end() && byte < own->data.size() ? static_cast<uint8_t>(own->data[byte]) : 0;
      field.mutable_data()->push_back(static_cast<char>((bits & ~writable) | (guest_bits & writable)));
    }
  }
}

void AddVcpus(const JudgedCheckpoint& checkpoint, const JudgedTarget& target, const Judgement& judgement,
              v1::ConvertCheckpointResponse& response) {
  for (size_t i = 0; i < judgement.reports.size(); ++i) {
    const CpuProfile& profile = *target.profile(i);
    const RegisterLayout& layout = *profile.layout();
    v1::VcpuState& vcpu = *response.add_vcpus();
    vcpu.set_vcpu_index(checkpoint.loaded.vcpus[i].vcpu_index);
    RegisterListToProto(profile.scheme() == IdScheme::kTcg
                            ? WholeList(layout, judgement.target_values[i], judgement.reports[i])
                            : TakenList(judgement.list(checkpoint, i), layout, judgement.reports[i]),
                        *vcpu.mutable_registers());
    AddUpperHalves(profile, checkpoint.loaded.vcpus[i].opaque_fields, vcpu);
  }
}

}  // namespace

absl::StatusOr<v1::ConvertCheckpointResponse> Convert(v1::ConvertCheckpointRequest request,
                                                      const RestoreTargets& targets,
                                                      const ServerTolerances& tolerances) {
  if (absl::Status accepted = CheckAccepted(request); !accepted.ok()) return accepted;
  const absl::StatusOr<JudgedTolerances> judged =
      tolerances.With(request.tolerances(), request.strict() ? ToleranceUse::kRequestOnly : ToleranceUse::kServerToo,
                      ToleratedRestore::kConversion);
  if (!judged.ok()) return judged.status();
  const absl::StatusOr<JudgedCheckpoint> checkpoint = TakeCheckpoint(request, targets);
  if (!checkpoint.ok()) return checkpoint.status();
  if (request.target().has_cpu_profile()) {
    ChooseMachineType(checkpoint->basic().source().machine_type(), *request.mutable_target());
  }
  absl::StatusOr<std::vector<JudgedTarget>> resolved = targets.Resolve("", request.target(), *checkpoint);
  if (!resolved.ok()) return resolved.status();
  const IdScheme scheme = resolved->front().scheme();
  if (checkpoint->SchemeBefore(scheme) != scheme) {
    return InvalidField("target", "is of another accelerator than the checkpoint: a conversion stays with its own");
  }

  const v1::Source& source = checkpoint->basic().source();
  ConversionUse conversion;
  conversion.accepted = {request.accept().begin(), request.accept().end()};
  v1::ConvertCheckpointResponse response;
  response.set_checkpoint(checkpoint->basic().name());
  std::string cpu_model = source.cpu_model();
  if (scheme == IdScheme::kTcg) {
    const ProfileRegistry::Entry known = RecogniseProfile(
        checkpoint->loaded.vcpus[0].registers, checkpoint->vcpu_count(), source.machine_type(), targets.profiles());
    if (known != nullptr) {
      response.set_source_profile(known->message.name());
      cpu_model = known->message.cpu_model();
      conversion.source = known->profile;
    }
  }
  if (request.target().has_lists() && request.target().lists().accelerator() == v1::TCG) {
    DescribeLists(checkpoint->vcpu_count(), targets.profiles(), resolved->front());
  }
  size_t best = 0;
  absl::optional<Judgement> judgement;
  for (size_t i = 0; i < resolved->size(); ++i) {
    const std::string& model = (*resolved)[i].about->cpu_model();
    const bool other_model = !model.empty() && !cpu_model.empty() && model != cpu_model;
    conversion.has_rules = !(request.same_cpu_model() && other_model);
    Judgement one = JudgeConversion(*checkpoint, (*resolved)[i], *judged, conversion);
    if (judgement && !IsBetter(one, *judgement)) continue;
    best = i;
    judgement = std::move(one);
  }
  const JudgedTarget& target = (*resolved)[best];
  const std::string missing = MissingMachineType(source.machine_type(), *target.about);
  if (!missing.empty()) {
    judgement->verdict = Verdict::kRefused;
    judgement->notes.push_back(missing);
  }
  *response.mutable_report() = JudgementToProto(*checkpoint, target, *judgement, ReportedRegisters::kFindings);
  response.mutable_report()->clear_by();  // nobody restores anything
  *response.mutable_target() = WithoutRegisters(*target.about);
  if (judgement->verdict <= Verdict::kAcceptedWithChanges) AddVcpus(*checkpoint, target, *judgement, response);
  return response;
}

}  // namespace armstate
