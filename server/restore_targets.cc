#include "server/restore_targets.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "core/list_profile.h"

namespace armstate {
namespace {

absl::Status TargetError(absl::string_view what) {
  return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kFieldInvalid, absl::StrCat("target ", what),
                   {{"field", "target"}});
}

}  // namespace

absl::StatusOr<JudgedCheckpoint> RestoreTargets::Load(absl::string_view name) const {
  absl::StatusOr<LoadedCheckpoint> loaded = LoadCheckpoint(checkpoints_, name);
  if (!loaded.ok()) return loaded.status();
  absl::optional<IdScheme> scheme;
  const v1::Source& source = loaded->basic.source();
  if (source.accelerator() == v1::ENGINE) {
    const auto profile = profiles_.Find(source.cpu_profile());
    if (profile.ok()) scheme = (*profile)->profile->scheme();
  } else {
    scheme = source.accelerator() == v1::TCG ? IdScheme::kTcg : IdScheme::kKvm;
  }
  return JudgedCheckpoint{*std::move(loaded), scheme};
}

absl::StatusOr<std::vector<JudgedTarget>> RestoreTargets::Resolve(const std::string& cpu_profile,
                                                                  const v1::RestoreTarget& target,
                                                                  const JudgedCheckpoint& checkpoint) const {
  const bool has_target = target.target_case() != v1::RestoreTarget::TARGET_NOT_SET;
  if (has_target && !cpu_profile.empty()) return TargetError("and cpu_profile are both set");
  if (!has_target && cpu_profile.empty()) return TargetError("is required: a host, a CPU profile or a checkpoint");
  absl::StatusOr<JudgedTarget> one = target.has_checkpoint()
                                         ? OfCheckpoint(target.checkpoint(), checkpoint)
                                         : OfProfile(has_target ? target.cpu_profile() : cpu_profile);
  if (!one.ok()) return one.status();
  return std::vector<JudgedTarget>{*std::move(one)};
}

absl::StatusOr<JudgedTarget> RestoreTargets::OfProfile(absl::string_view name) const {
  const auto found = profiles_.Find(name);
  if (!found.ok()) return found.status();
  JudgedTarget target;
  target.about = std::shared_ptr<const v1::CpuProfile>(std::shared_ptr<void>(), &(*found)->message);
  target.profiles = {(*found)->profile};
  return target;
}

absl::StatusOr<JudgedTarget> RestoreTargets::OfCheckpoint(absl::string_view name,
                                                          const JudgedCheckpoint& judged) const {
  const absl::StatusOr<JudgedCheckpoint> other = Load(name);
  if (!other.ok()) return other.status();
  const v1::Source& source = other->basic().source();
  JudgedTarget target;
  // Of a machine whose profile is not known any more: the other's scheme is as good a guess as its own.
  const IdScheme scheme = other->scheme.value_or(judged.SchemeBefore(IdScheme::kKvm));
  v1::CpuProfile about;
  about.set_accelerator(scheme == IdScheme::kTcg ? v1::TCG : v1::KVM);
  about.set_hypervisor(source.hypervisor());
  about.set_hypervisor_version(source.hypervisor_version());
  about.set_machine_type(source.machine_type());
  about.set_cpu_model(source.cpu_model());
  target.about = std::make_shared<const v1::CpuProfile>(std::move(about));
  for (const VcpuState& vcpu : other->loaded.vcpus) {
    target.profiles.push_back(ProfileOfList(other->basic().name(), scheme, vcpu.registers));
  }
  if (judged.vcpu_count() > other->vcpu_count()) {
    target.notes.push_back(absl::StrCat(other->basic().name(), " has ", other->vcpu_count(),
                                        " vCPUs and the checkpoint ", judged.vcpu_count(),
                                        ": the further ones are compared with its last one"));
  }
  return target;
}

}  // namespace armstate
