#include "server/restores/targets.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/error.h"
#include "core/profile_from_register_list.h"
#include "server/checkpoints/scheme.h"
#include "server/profiles/profile_name.h"
#include "server/profiles/qemu_profiles.h"
#include "server/restores/host_targets.h"
#include "server/restores/stream_target.h"

namespace armstate {
namespace {

// The name of a QEMU profile mostly lacks the version of its machine type; the VM has a versioned one and keeps it.
std::string WithMachineType(const std::string& profile, const std::string& machine_type) {
  const absl::StatusOr<std::string> id = ParseCpuProfileName(profile);
  const absl::optional<QemuProfileName> name = id.ok() ? ParseQemuProfileName(*id) : absl::nullopt;
  const auto [machine, version] = ParseMachineType(machine_type);
  if (!name || name->machine_version || name->machine != machine || !version) return profile;
  return absl::StrReplaceAll(profile, {{absl::StrCat(".", machine, "."), absl::StrCat(".", machine_type, ".")}});
}

absl::Status TargetError(absl::string_view what) {
  return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kFieldInvalid, absl::StrCat("target ", what),
                   {{"field", "target"}});
}

}  // namespace

absl::StatusOr<VerdictInput> RestoreTargets::Load(absl::string_view name) const {
  absl::StatusOr<LoadedCheckpoint> loaded = LoadCheckpoint(checkpoints_, name);
  if (!loaded.ok()) return loaded.status();
  const absl::optional<IdScheme> scheme = SchemeOf(loaded->basic.source(), profiles_);
  return VerdictInput{*std::move(loaded), scheme};
}

absl::StatusOr<CheckpointName> RestoreTargets::FindCheckpoint(absl::string_view name) const {
  absl::StatusOr<CheckpointName> parsed = ParseCheckpointName(name);
  if (!parsed.ok()) return parsed.status();
  const absl::StatusOr<StoredCheckpoint> stored = checkpoints_.Get(parsed->vm, parsed->version, VcpuSelection::kNone);
  if (!stored.ok()) return stored.status();
  parsed->version = stored->summary.version;
  return parsed;
}

absl::StatusOr<std::vector<ResolvedTarget>> RestoreTargets::Resolve(const v1::RestoreTarget& target,
                                                                    const VerdictInput& checkpoint) const {
  if (target.target_case() == v1::RestoreTarget::TARGET_NOT_SET)
    return TargetError("is required: a host, a CPU profile, a checkpoint or lists");
  if (target.has_host()) return OfHost(target.host(), checkpoint);
  absl::StatusOr<ResolvedTarget> one = target.has_lists()        ? TargetOfLists(target.lists(), profiles_)
                                       : target.has_checkpoint() ? OfCheckpoint(target.checkpoint(), checkpoint)
                                                                 : OfProfile(target.cpu_profile(), checkpoint);
  if (!one.ok()) return one.status();
  return std::vector<ResolvedTarget>{*std::move(one)};
}

std::vector<SearchedHost> RestoreTargets::HostsWith(const google::protobuf::Map<std::string, std::string>& labels,
                                                    const VerdictInput& checkpoint) const {
  std::vector<SearchedHost> hosts;
  for (const HostRegistry::Entry& host : hosts_.Snapshot()) {
    const auto& own = host->message.labels();
    const bool wanted = std::all_of(labels.begin(), labels.end(), [&](const auto& label) {
      const auto found = own.find(label.first);
      return found != own.end() && found->second == label.second;
    });
    const bool damaged = host->message.has_error();
    if (damaged && (wanted || host->message.profiles().empty())) {  // its labels may not be known
      hosts.push_back({host->message.name(), {}, host->message.error().message()});
    }
    if (!wanted || damaged || host->profiles.empty()) continue;
    absl::StatusOr<std::vector<ResolvedTarget>> targets = TargetsOfHost(*host, checkpoint.basic().source());
    if (targets.ok()) {
      hosts.push_back({host->message.name(), *std::move(targets)});
    } else {
      hosts.push_back({host->message.name(), {}, std::string(targets.status().message())});
    }
  }
  return hosts;
}

absl::StatusOr<std::vector<ResolvedTarget>> RestoreTargets::OfHost(absl::string_view name,
                                                                   const VerdictInput& checkpoint) const {
  const absl::StatusOr<HostRegistry::Entry> host = hosts_.Find(name);
  if (!host.ok()) return host.status();
  absl::StatusOr<std::vector<ResolvedTarget>> targets = TargetsOfHost(**host, checkpoint.basic().source());
  if (!targets.ok()) return targets;
  if (targets->empty()) return TargetError(absl::StrCat(std::string(name), " has no CPU profile"));
  return targets;
}

absl::StatusOr<ResolvedTarget> RestoreTargets::OfProfile(const std::string& name,
                                                         const VerdictInput& checkpoint) const {
  // Prefer the profile of the VM's own machine type, where the release has several.
  absl::StatusOr<ChosenProfile> chosen =
      ChooseProfile(profiles_, WithMachineType(name, checkpoint.basic().source().machine_type()));
  if (absl::IsNotFound(chosen.status())) chosen = ChooseProfile(profiles_, name);
  if (!chosen.ok()) return chosen.status();
  ResolvedTarget target = TargetOfProfile(chosen->entry);
  if (!chosen->note.empty()) (chosen->is_guess ? target.unknown : target.notes).push_back(chosen->note);
  return target;
}

absl::StatusOr<ResolvedTarget> RestoreTargets::OfCheckpoint(absl::string_view name, const VerdictInput& judged) const {
  const absl::StatusOr<VerdictInput> other = Load(name);
  if (!other.ok()) return other.status();
  const v1::Source& source = other->basic().source();
  ResolvedTarget target;
  // The machine's profile no longer exists: the scheme of the other checkpoint is as good a guess as its own.
  const IdScheme scheme = other->scheme.value_or(judged.SchemeBefore(IdScheme::kKvm));
  v1::CpuProfile profile_header;
  profile_header.set_accelerator(scheme == IdScheme::kTcg ? v1::ACCELERATOR_TCG : v1::ACCELERATOR_KVM);
  profile_header.set_hypervisor(source.hypervisor());
  profile_header.set_hypervisor_version(source.hypervisor_version());
  profile_header.set_machine_type(source.machine_type());
  profile_header.set_cpu_model(source.cpu_model());
  target.profile_header = std::make_shared<const v1::CpuProfile>(std::move(profile_header));
  for (const VcpuState& vcpu : other->loaded.vcpus) {
    target.profiles.push_back(ProfileFromRegisterList(other->basic().name(), scheme, vcpu.registers));
  }
  if (judged.vcpu_count() > other->vcpu_count()) {
    target.notes.push_back(absl::StrCat(other->basic().name(), " has ", other->vcpu_count(),
                                        " vCPUs and the checkpoint ", judged.vcpu_count(),
                                        ": the further ones are compared with its last one"));
  }
  return target;
}

}  // namespace armstate
