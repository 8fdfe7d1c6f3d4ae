#include "server/conversion/conversion.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/conversion.h"
#include "core/counter_pairs.h"
#include "core/planned_value.h"
#include "proto/register_list_conversion.h"
#include "proto/resource_names.h"
#include "server/checkpoints/codec.h"
#include "server/checkpoints/scheme.h"
#include "server/conversion/profile_recognition.h"
#include "server/profiles/profile_name.h"
#include "server/profiles/registered_profile.h"
#include "server/rpc/invalid_field.h"
#include "server/rpc/page_token.h"
#include "server/verdict/judgement.h"
#include "server/verdict/machine_type.h"

namespace armstate {
namespace {

absl::StatusOr<VerdictInput> TakeCheckpoint(v1::ConvertCheckpointRequest& request, const RestoreTargets& targets) {
  if (request.has_checkpoint()) return targets.Load(request.checkpoint());
  if (!request.has_state()) return InvalidField("source", "is required: a checkpoint or a state");
  absl::StatusOr<std::vector<VcpuState>> vcpus = ParseCheckpoint(*request.mutable_state());
  if (!vcpus.ok()) return vcpus.status();
  const absl::optional<IdScheme> scheme = SchemeOf(request.state().source(), targets.profiles());
  return VerdictInput{{std::move(*request.mutable_state()), *std::move(vcpus)}, scheme};
}

// Resolves "qemu-11.1", a name without machine and CPU, with the machine and CPU that the guest was recognised to have.
void CompleteProfile(const v1::CpuProfile& source, v1::RestoreTarget& target) {
  const absl::StatusOr<std::string> id = ParseCpuProfileName(target.cpu_profile());
  const absl::StatusOr<std::string> own = ParseCpuProfileName(source.name());
  if (!id.ok() || !own.ok() || !absl::StartsWith(*id, "qemu-") || !ParseQemuVersion(id->substr(5))) return;
  const absl::optional<QemuProfileName> name = ParseQemuProfileName(*own);
  if (!name || ParseQemuProfileName(*id)) return;
  target.set_cpu_profile(FormatCpuProfileName(absl::StrCat(*id, ".", name->machine, ".", name->cpu)));
}

// These options change the machine's RAM: the stream contains the RAM of the guest's machine.
std::string OtherOptions(const v1::CpuProfile& source, const v1::CpuProfile& target) {
  const auto has = [](const v1::CpuProfile& profile, absl::string_view option) {
    const auto& options = profile.machine_options();
    return std::find(options.begin(), options.end(), option) != options.end();
  };
  for (const absl::string_view option : {"secure=on", "mte=on"}) {
    if (has(source, option) == has(target, option)) continue;
    return absl::StrCat(
        has(source, option) ? "the guest's machine has " : "the target's machine has ", option,
        " and the other has not: their RAM differs, so QEMU refuses the stream whatever its CPU state is");
  }
  return "";
}

// Returns what the user must take care of, since the guest keeps its machine.
std::vector<std::string> MachineNotes(const std::string& machine_type, const v1::CpuProfile& target) {
  if (target.accelerator() != v1::ACCELERATOR_TCG || machine_type.empty()) return {};
  if (ParseMachineType(machine_type).second) {
    if (machine_type == target.machine_type()) return {};
    return {absl::StrCat("start the target with -M ", machine_type, ", as the guest was")};
  }
  std::vector<std::string> notes = {
      absl::StrCat("the machine ", machine_type,
                   " has no versions: another release may have changed its devices, and then refuses the stream "
                   "whatever its CPU state is")};
  if (IsOtherBoard(machine_type, target)) {
    notes.push_back(absl::StrCat("the guest stays on its board, and only -M ", machine_type,
                                 " loads it: if that does not take the CPU of ", target.machine_type(),
                                 ", no QEMU loads what is written"));
  }
  return notes;
}

// The profile may belong to another machine type, which MachineNotes reports.
std::shared_ptr<const v1::CpuProfile> WithMachine(const v1::CpuProfile& profile_header,
                                                  const std::string& machine_type) {
  auto changed = std::make_shared<v1::CpuProfile>(WithoutRegisters(profile_header));
  *changed->mutable_refused_subsections() = profile_header.refused_subsections();
  changed->set_machine_type(machine_type);
  return changed;
}

// Lists contain neither QEMU's release nor the CPU model, but they may match a profile.
void DescribeLists(int vcpu_count, const ProfileRegistry& profiles, ResolvedTarget& target) {
  const std::string& machine_type = target.profile_header->machine_type();
  const RecognisedProfile known = RecogniseProfile(target.profile(0)->reset(), vcpu_count, machine_type, profiles);
  v1::CpuProfile profile_header;
  if (known.is_sure) {
    profile_header = WithoutRegisters(known.entry->message);
    profile_header.clear_name();  // the target is not judged by this profile
  } else {
    // -cpu properties produce lists that no profile has, but that are still closest to those of their own release.
    profile_header = WithoutRegisters(*target.profile_header);
    profile_header.set_hypervisor("QEMU");
    profile_header.set_hypervisor_version(NearestRelease(target.profile(0)->reset().layout(), profiles));
  }
  profile_header.set_machine_type(machine_type);
  target.profile_header = std::make_shared<const v1::CpuProfile>(std::move(profile_header));
}

absl::Status CheckAccepted(const v1::ConvertCheckpointRequest& request) {
  const absl::Span<const absl::string_view> names = AcceptableNames();
  const auto limit = static_cast<int64_t>(names.size());
  if (absl::Status status = CheckLimit("accept", request.accept_size(), limit); !status.ok()) return status;
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

// Returns what QEMU's emulation must hold: every register, since QEMU loads registers that the stream lacks as 0.
RegisterList WholeList(const RegisterLayout& layout, absl::string_view values, const RestoreReport& report) {
  RegisterListBuilder builder;
  for (size_t i = 0; i < layout.size(); ++i) {
    const RegisterFinding* finding = FindingOf(report, layout.id(i));
    const bool own = finding != nullptr && !finding->tolerance.empty() && !finding->got.empty();
    builder.AddBytes(layout.id(i), own ? finding->got : std::string(values.substr(layout.offset(i), layout.width(i))));
  }
  return *std::move(builder).Build();
}

// Returns what the pair of this register sets (core/counter_pairs.h), as both of them read; all other bits if KVM
// clears the bits that are one in a write to it. QEMU loads its list by ID and clears nothing before, and the
// register's own value, which is that of its pair, would clear what the guest has set.
absl::optional<std::string> BitsToClear(const CpuProfile& profile, const RegisterList& list, RegisterId id) {
  for (const CounterPair& pair : profile.counter_pairs()) {
    if (profile.layout()->id(pair.clear) != id) continue;
    const auto* bits = std::get_if<CounterBitsBehaviour>(&profile.computed().rule(pair.clear)->behaviour);
    const absl::optional<absl::string_view> set = list.Find(profile.layout()->id(pair.set));
    if (!set) return absl::nullopt;
    std::string written(*set);
    if (bits != nullptr && bits->write == CounterBitsBehaviour::Write::kClear) {
      for (char& byte : written) byte = static_cast<char>(~byte);
    }
    return written;
  }
  return absl::nullopt;
}

// Returns what KVM must be given; KVM has the rest by itself.
RegisterList TakenList(const RegisterList& list, const CpuProfile& profile, const RestoreReport& report) {
  RegisterListBuilder builder;
  for (size_t i = 0; i < list.size(); ++i) {
    if (!profile.layout()->Find(list.id(i))) continue;
    const RegisterFinding* finding = FindingOf(report, list.id(i));
    const absl::optional<absl::string_view> value =
        finding == nullptr ? list.value(i) : PlannedValue(*finding, IdScheme::kKvm);
    const absl::optional<std::string> cleared = BitsToClear(profile, list, list.id(i));
    if (value) builder.AddBytes(list.id(i), cleared.value_or(std::string(*value)));
  }
  return *std::move(builder).Build();
}

// Returns the bits of the target's constants above their registers' width, and the guest's own bits there.
void AddUpperHalves(const CpuProfile& profile, const std::vector<OpaqueField>& guest, v1::VcpuState& vcpu) {
  std::map<absl::string_view, absl::string_view> data_of;
  for (const OpaqueField& field : guest) data_of.emplace(field.name, field.data);
  for (const CpuProfile::UpperHalf& half : profile.upper_halves()) {
    const std::string name = absl::StrCat("cpreg_vmstate_values[", profile.layout()->id(half.index).ToString(), "]");
    const auto found = data_of.find(name);
    const absl::string_view own = found == data_of.end() ? "" : found->second;
    v1::OpaqueField& field = *vcpu.add_opaque_fields();
    field.set_name(name);
    for (size_t byte = 0; byte < sizeof(half.reset); ++byte) {
      const size_t shift = 8 * (sizeof(half.reset) - 1 - byte);
      const auto bits = static_cast<uint8_t>(half.reset >> shift),
                 writable = static_cast<uint8_t>(half.writable >> shift);
      const uint8_t guest_bits = byte < own.size() ? static_cast<uint8_t>(own[byte]) : 0;
      field.mutable_data()->push_back(static_cast<char>((bits & ~writable) | (guest_bits & writable)));
    }
  }
}

v1::VcpuState ConvertedVcpu(const VerdictInput& checkpoint, const ResolvedTarget& target, const VmVerdict& judgement,
                            size_t i) {
  const CpuProfile& profile = *target.profile(i);
  const RegisterLayout& layout = *profile.layout();
  v1::VcpuState vcpu;
  vcpu.set_vcpu_index(checkpoint.loaded.vcpus[i].vcpu_index);
  RegisterListToProto(profile.scheme() == IdScheme::kTcg
                          ? WholeList(layout, judgement.target_values[i], judgement.reports[i])
                          : TakenList(judgement.list(checkpoint, i), profile, judgement.reports[i]),
                      *vcpu.mutable_registers());
  AddUpperHalves(profile, checkpoint.loaded.vcpus[i].opaque_fields, vcpu);
  return vcpu;
}

}  // namespace

absl::StatusOr<v1::ConvertCheckpointResponse> Convert(v1::ConvertCheckpointRequest request,
                                                      const RestoreTargets& targets, const ServerTolerances& tolerances,
                                                      const StopCheck& stop) {
  if (absl::Status accepted = CheckAccepted(request); !accepted.ok()) return accepted;
  const absl::StatusOr<TolerancesByScheme> judged = tolerances.With(
      request.tolerances(), request.ignore_server_tolerances() ? ToleranceUse::kRequestOnly : ToleranceUse::kServerToo,
      ToleratedRestore::kConversion);
  if (!judged.ok()) return judged.status();
  const absl::StatusOr<VerdictInput> checkpoint = TakeCheckpoint(request, targets);
  if (!checkpoint.ok()) return checkpoint.status();
  const v1::Source& source = checkpoint->basic().source();
  ConversionUse conversion;
  conversion.accepted = {request.accept().begin(), request.accept().end()};
  v1::ConvertCheckpointResponse response;
  response.set_checkpoint(checkpoint->basic().name());
  std::string cpu_model = source.cpu_model();
  RecognisedProfile recognised;
  if (checkpoint->SchemeBefore(IdScheme::kTcg) == IdScheme::kTcg) {
    recognised = RecogniseProfile(checkpoint->loaded.vcpus[0].registers, checkpoint->vcpu_count(),
                                  source.machine_type(), targets.profiles());
    if (recognised.entry != nullptr) {
      if (recognised.is_sure) response.set_source_profile(recognised.entry->message.name());
      cpu_model = recognised.entry->message.cpu_model();
      conversion.source = recognised.entry->profile;
      if (request.target().has_cpu_profile()) CompleteProfile(recognised.entry->message, *request.mutable_target());
    }
  }
  absl::StatusOr<std::vector<ResolvedTarget>> resolved = targets.Resolve(request.target(), *checkpoint);
  if (!resolved.ok()) return resolved.status();
  const IdScheme scheme = resolved->front().scheme();
  if (checkpoint->SchemeBefore(scheme) != scheme) {
    return InvalidField("target", "is of another accelerator than the checkpoint: a conversion keeps the accelerator");
  }
  if (request.target().has_lists() && request.target().lists().accelerator() == v1::ACCELERATOR_TCG) {
    DescribeLists(checkpoint->vcpu_count(), targets.profiles(), resolved->front());
  }
  size_t best = 0;
  absl::optional<VmVerdict> judgement;
  for (size_t i = 0; i < resolved->size(); ++i) {
    const std::string& model = (*resolved)[i].profile_header->cpu_model();
    const bool other_model = !model.empty() && !cpu_model.empty() && model != cpu_model;
    conversion.has_rules = !(request.same_cpu_model() && other_model);
    absl::StatusOr<VmVerdict> one = JudgeConversion(*checkpoint, (*resolved)[i], *judged, conversion, stop);
    if (!one.ok()) return one.status();
    if (judgement && !IsBetter(*one, *judgement)) continue;
    best = i;
    judgement = *std::move(one);
  }
  const ResolvedTarget& target = (*resolved)[best];
  std::vector<std::string> obstacles = {MissingMachineType(source.machine_type(), *target.profile_header)};
  if (recognised.entry != nullptr && !target.profile_header->name().empty()) {
    obstacles.push_back(OtherOptions(recognised.entry->message, *target.profile_header));
  }
  for (const std::string& obstacle : obstacles) {
    if (obstacle.empty()) continue;
    judgement->verdict = Verdict::kRefused;
    judgement->notes.push_back(obstacle);
  }
  *response.mutable_target() = WithoutRegisters(*target.profile_header);
  if (obstacles.front().empty()) {
    for (const std::string& note : MachineNotes(source.machine_type(), response.target())) {
      judgement->notes.push_back(note);
    }
  }
  ResolvedTarget with_machine = target;
  with_machine.profile_header = WithMachine(*target.profile_header, source.machine_type());
  v1::RestoreReport& report = *response.mutable_report();
  report = VmVerdictToProto(*checkpoint, with_machine, *judgement);
  report.clear_by();  // no restore takes place
  const bool accepted = judgement->verdict <= Verdict::kAcceptedWithChanges;
  const VcpuPageRequest page{absl::StrCat("convert/", response.checkpoint(), "/", report.cpu_profile()),
                             request.page_size(), request.page_token()};
  absl::StatusOr<std::string> next = AddVcpuPage(page, checkpoint->vcpu_count(), [&](int vcpu) {
    *report.add_vcpus() = VcpuVerdictToProto(*checkpoint, with_machine, *judgement, vcpu, ReportedRegisters::kFindings);
    if (!accepted) return report.vcpus().rbegin()->ByteSizeLong();
    *response.add_vcpus() = ConvertedVcpu(*checkpoint, target, *judgement, vcpu);
    return report.vcpus().rbegin()->ByteSizeLong() + response.vcpus().rbegin()->ByteSizeLong();
  });
  if (!next.ok()) return next.status();
  response.set_next_page_token(*std::move(next));
  return response;
}

}  // namespace armstate
