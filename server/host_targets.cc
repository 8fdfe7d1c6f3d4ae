#include "server/host_targets.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/vcpu_feature.h"

namespace armstate {
namespace {

std::vector<JudgedTarget> AllTargets(const RegisteredHost& host) {
  std::vector<JudgedTarget> targets;
  for (const auto& profile : host.profiles) targets.push_back(TargetOfProfile(profile));
  return targets;
}

// Names that armstate does not know are left out and told in `unknown`.
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

}  // namespace

JudgedTarget TargetOfProfile(const std::shared_ptr<const RegisteredProfile>& profile) {
  JudgedTarget target;
  target.about = std::shared_ptr<const v1::CpuProfile>(profile, &profile->message);
  target.profiles = {profile->profile};
  return target;
}

std::vector<JudgedTarget> TargetsOfHost(const RegisteredHost& host, const v1::Source& source) {
  if (source.vcpu_features().empty() || host.message.accelerator() != v1::ACCELERATOR_KVM) {
    std::vector<JudgedTarget> targets = AllTargets(host);
    if (targets.size() > 1 && host.message.accelerator() == v1::ACCELERATOR_KVM) {
      for (JudgedTarget& target : targets) {
        target.notes.push_back("the checkpoint does not say its vCPU features: judged with those that suit it best");
      }
    }
    return targets;
  }
  std::vector<std::string> unknown;
  const VcpuFeatures wanted = KnownFeatures(source, unknown);
  const VcpuInit init = PredictVcpuInit(host.message, wanted);
  std::vector<JudgedTarget> targets;
  if (init.profile) {
    targets.push_back(TargetOfProfile(host.profiles[static_cast<size_t>(*init.profile)]));
  } else {
    targets = AllTargets(host);
    unknown.push_back(absl::StrCat("the host was not probed with the vCPU features ",
                                   absl::StrJoin(VcpuFeatureNames(wanted), ", "),
                                   " together: judged with those that suit the checkpoint best"));
  }
  for (JudgedTarget& target : targets) {
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

}  // namespace armstate
