// FindBaselineTargets resolves the hosts and profiles that a baseline is computed for.
#ifndef ARMSTATE_SERVER_RESTORES_BASELINE_TARGETS_H_
#define ARMSTATE_SERVER_RESTORES_BASELINE_TARGETS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "armstate/v1/restore_service.pb.h"
#include "core/cpu_profile.h"
#include "core/stop_check.h"
#include "core/tolerance_set.h"
#include "server/hosts/registry.h"
#include "server/profiles/registry.h"

namespace armstate {

struct BaselineTargets {
  // The vCPU features of the VM on the hosts; empty if only profiles were named.
  std::vector<std::string> vcpu_features;
  // The names as given in the request, and their profiles.
  std::vector<std::string> names;
  std::vector<std::shared_ptr<const CpuProfile>> profiles;
};

// For a host, the profile is the one for the wanted vCPU features. If the request names none, it is the one for the
// most features, with AArch64 at EL1, that all hosts were probed with. Errors: INVALID_ARGUMENT, reason FIELD_INVALID,
// for no target, more than 1000 targets, a checkpoint, a target that is not of KVM, a feature that is unknown or that a
// host lacks, and hosts without a common set of features; NOT_FOUND for a target that does not exist.
absl::StatusOr<BaselineTargets> FindBaselineTargets(const v1::ComputeBaselineRequest& request,
                                                    const HostRegistry& hosts, const ProfileRegistry& profiles);

// `tolerances` must be those for restores from KVM to KVM.
absl::StatusOr<v1::ComputeBaselineResponse> ComputeBaselineOf(const BaselineTargets& targets,
                                                              const ToleranceSet& tolerances, const StopCheck& stop);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RESTORES_BASELINE_TARGETS_H_
