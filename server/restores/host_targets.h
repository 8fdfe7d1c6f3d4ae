// TargetsOfHost resolves the vCPUs that a VM can get on a host.
#ifndef ARMSTATE_SERVER_RESTORES_HOST_TARGETS_H_
#define ARMSTATE_SERVER_RESTORES_HOST_TARGETS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "armstate/v1/checkpoint.pb.h"
#include "server/hosts/registered_host.h"
#include "server/verdict/resolved_target.h"

namespace armstate {

ResolvedTarget TargetOfProfile(const std::shared_ptr<const RegisteredProfile>& profile);

// Returns the targets that the host offers to a VM of this source, those on one kind of cores in succession; the best
// one counts. Empty only if the host has no profile. DATA_LOSS, reason RECORD_DAMAGED, if all candidate profiles are
// damaged.
//
// On KVM the target is the profile for the source's vCPU features, without those that the host lacks: KVM answers an
// error to those, and a VM without them is the closest that the host can provide. All profiles are returned if the
// source does not say its features, if the features were not probed together, or on a host of QEMU's emulation, which
// has no vCPU features.
absl::StatusOr<std::vector<ResolvedTarget>> TargetsOfHost(const RegisteredHost& host, const v1::Source& source);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RESTORES_HOST_TARGETS_H_
