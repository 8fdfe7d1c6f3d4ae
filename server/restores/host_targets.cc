#include "server/restores/host_targets.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/cpu_list.h"
#include "core/vcpu_feature.h"

namespace armstate {
namespace {

absl::StatusOr<std::vector<ResolvedTarget>> AllTargets(const RegisteredHost& host, int core_kind) {
  std::vector<ResolvedTarget> targets;
  std::vector<std::string> notes;
  absl::Status damage;
  for (size_t i = 0; i < host.profiles.size(); ++i) {
    if (host.message.profiles(static_cast<int>(i)).core_kind() != core_kind) continue;
    const auto& profile = host.profiles[i];
    if (absl::Status status = CheckReadable(*profile); status.ok()) {
      targets.push_back(TargetOfProfile(profile));
    } else {
      notes.push_back(absl::StrCat(profile->message.name(), " was skipped: ", status.message()));
      damage = std::move(status);
    }
  }
  if (targets.empty() && !damage.ok()) return damage;
  for (ResolvedTarget& target : targets) target.notes = notes;
  return targets;
}

// Names that armstate does not know are skipped and reported in `unknown`.
VcpuFeatures KnownFeatures(const v1::Source& source, std::vector<std::string>& unknown) {
  VcpuFeatures known;
  for (const std::string& name : source.vcpu_features()) {
    const absl::StatusOr<VcpuFeatures> one = ParseVcpuFeatures({name});
    if (!one.ok()) {
      unknown.push_back(absl::StrCat("armstate does not know the checkpoint's vCPU feature ", name));
      continue;
    }
    known.bits |= one->bits;
    known.memory_tagging |= one->memory_tagging;
    known.writable_implementation_id |= one->writable_implementation_id;
  }
  return known;
}

absl::StatusOr<std::vector<ResolvedTarget>> TargetsOfKind(const RegisteredHost& host, int core_kind,
                                                          const v1::Source& source) {
  if (source.vcpu_features().empty() || host.message.accelerator() != v1::ACCELERATOR_KVM) {
    absl::StatusOr<std::vector<ResolvedTarget>> targets = AllTargets(host, core_kind);
    if (targets.ok() && targets->size() > 1 && host.message.accelerator() == v1::ACCELERATOR_KVM) {
      for (ResolvedTarget& target : *targets) {
        target.notes.push_back(
            "the checkpoint does not say its vCPU features: judged with the features that suit it best");
      }
    }
    return targets;
  }
  std::vector<std::string> unknown;
  const VcpuFeatures wanted = KnownFeatures(source, unknown);
  const VcpuInit init = PredictVcpuInit(host.message, core_kind, wanted);
  absl::StatusOr<std::vector<ResolvedTarget>> targets;
  if (init.profile) {
    const auto& profile = host.profiles[static_cast<size_t>(*init.profile)];
    if (absl::Status status = CheckReadable(*profile); !status.ok()) return status;
    targets = std::vector<ResolvedTarget>{TargetOfProfile(profile)};
  } else {
    targets = AllTargets(host, core_kind);
    if (!targets.ok()) return targets;
    unknown.push_back(absl::StrCat("the host was not probed with the vCPU features ",
                                   absl::StrJoin(VcpuFeatureNames(wanted), ", "),
                                   " together: judged with the features that suit the checkpoint best"));
  }
  for (ResolvedTarget& target : *targets) {
    target.unknown = unknown;
    for (const v1::UnsupportedFeature& missing : init.missing) {
      v1::MissingVcpuFeature& feature = target.missing_features.emplace_back();
      feature.set_feature(missing.feature());
      feature.set_call(missing.call());
      feature.set_error(missing.error());
    }
  }
  return targets;
}

}  // namespace

ResolvedTarget TargetOfProfile(const std::shared_ptr<const RegisteredProfile>& profile) {
  ResolvedTarget target;
  target.profile_header = std::shared_ptr<const v1::CpuProfile>(profile, &profile->message);
  target.profiles = {profile->profile};
  return target;
}

absl::StatusOr<std::vector<ResolvedTarget>> TargetsOfHost(const RegisteredHost& host, const v1::Source& source) {
  if (host.message.core_kinds().empty()) return TargetsOfKind(host, 0, source);
  std::vector<ResolvedTarget> targets;
  std::vector<std::string> notes;
  absl::Status damage;
  for (int i = 0; i < host.message.core_kinds_size(); ++i) {
    const auto core_kind = std::make_shared<const v1::CoreKind>(host.message.core_kinds(i));
    const std::string cores = CoresText(core_kind->cpus(), core_kind->cpu_model());
    absl::StatusOr<std::vector<ResolvedTarget>> of_kind = TargetsOfKind(host, i, source);
    if (!of_kind.ok()) {
      notes.push_back(absl::StrCat("not judged: ", cores, ": ", of_kind.status().message()));
      damage = std::move(of_kind).status();
      continue;
    }
    for (ResolvedTarget& target : *of_kind) {
      target.core_kind = core_kind;
      target.notes.insert(target.notes.begin(), absl::StrCat("judged for a VM that is pinned to ", cores));
      targets.push_back(std::move(target));
    }
  }
  if (targets.empty() && !damage.ok()) return damage;
  for (ResolvedTarget& target : targets) target.notes.insert(target.notes.end(), notes.begin(), notes.end());
  return targets;
}

}  // namespace armstate
