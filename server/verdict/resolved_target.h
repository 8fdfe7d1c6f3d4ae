// ResolvedTarget is what a checkpoint is judged against: fresh vCPUs of one kind.
#ifndef ARMSTATE_SERVER_VERDICT_RESOLVED_TARGET_H_
#define ARMSTATE_SERVER_VERDICT_RESOLVED_TARGET_H_

#include <memory>
#include <string>
#include <vector>

#include "armstate/v1/cpu_profile.pb.h"
#include "armstate/v1/host_service.pb.h"
#include "armstate/v1/restore_service.pb.h"
#include "core/cpu_profile.h"
#include "core/engine_vcpu.h"
#include "core/restore.h"

namespace armstate {

struct ResolvedTarget {
  // The profile without its registers. It has no name if the target is another checkpoint.
  std::shared_ptr<const v1::CpuProfile> profile_header;
  // The profiles of vCPU 0, 1, ...; the last one also applies to all further vCPUs. At least one, all of the same
  // scheme.
  std::vector<std::shared_ptr<const CpuProfile>> profiles;
  // vCPU features that the target cannot give to the VM. Any of them refuses the restore.
  std::vector<v1::MissingVcpuFeature> missing_features;
  // Facts about the target, apart from its registers, that are unknown; one line each. Any of them makes the verdict
  // UNDETERMINED.
  std::vector<std::string> unknown;
  // Other remarks for the user.
  std::vector<std::string> notes;
  // The cores that the VM must stay on; null: those of the whole host. Targets on the same kind of cores share it.
  std::shared_ptr<const v1::CoreKind> core_kind;

  IdScheme scheme() const { return profiles[0]->scheme(); }
  const std::shared_ptr<const CpuProfile>& profile(size_t vcpu) const {
    return profiles[vcpu < profiles.size() ? vcpu : profiles.size() - 1];
  }
  // Returns vCPUs in reset state.
  std::vector<EngineVcpu> MakeVcpus(int count) const {
    std::vector<EngineVcpu> vcpus;
    for (int i = 0; i < count; ++i) vcpus.emplace_back(profile(static_cast<size_t>(i)), VcpuPosition{i, count});
    return vcpus;
  }
  // The best verdict that the target can get, whatever the registers are.
  Verdict least_verdict() const {
    if (!missing_features.empty()) return Verdict::kRefused;
    return unknown.empty() ? Verdict::kAccepted : Verdict::kUndetermined;
  }
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_VERDICT_RESOLVED_TARGET_H_
