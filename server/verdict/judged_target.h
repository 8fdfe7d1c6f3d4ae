// What a checkpoint is judged against: fresh vCPUs of one kind.
#ifndef ARMSTATE_SERVER_VERDICT_JUDGED_TARGET_H_
#define ARMSTATE_SERVER_VERDICT_JUDGED_TARGET_H_

#include <memory>
#include <string>
#include <vector>

#include "armstate/v1/cpu_profile.pb.h"
#include "armstate/v1/restore_service.pb.h"
#include "core/cpu_profile.h"
#include "core/engine_vcpu.h"
#include "core/restore.h"

namespace armstate {

struct ResolvedTarget {
  // What the profile is of; its registers do not matter here. Without a name if the target is another checkpoint.
  std::shared_ptr<const v1::CpuProfile> profile_header;
  // Of vCPU 0, 1, ...; the last one is also that of all vCPUs after it. At least one, all of one scheme.
  std::vector<std::shared_ptr<const CpuProfile>> profiles;
  // What the target cannot give the VM; refuses the restore.
  std::vector<v1::MissingVcpuFeature> missing_features;
  // What is not known of the target beside its registers; makes the verdict UNDETERMINED. One line each.
  std::vector<std::string> unknown;
  // What else a person should know.
  std::vector<std::string> notes;

  IdScheme scheme() const { return profiles[0]->scheme(); }
  const std::shared_ptr<const CpuProfile>& profile(size_t vcpu) const {
    return profiles[vcpu < profiles.size() ? vcpu : profiles.size() - 1];
  }
  // In reset state.
  std::vector<EngineVcpu> MakeVcpus(int count) const {
    std::vector<EngineVcpu> vcpus;
    for (int i = 0; i < count; ++i) vcpus.emplace_back(profile(static_cast<size_t>(i)), VcpuPosition{i, count});
    return vcpus;
  }
  // The verdict that stands whatever the registers are.
  Verdict least_verdict() const {
    if (!missing_features.empty()) return Verdict::kRefused;
    return unknown.empty() ? Verdict::kAccepted : Verdict::kUndetermined;
  }
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_VERDICT_JUDGED_TARGET_H_
