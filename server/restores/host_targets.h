// What a VM gets on a host.
#ifndef ARMSTATE_SERVER_RESTORES_HOST_TARGETS_H_
#define ARMSTATE_SERVER_RESTORES_HOST_TARGETS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "armstate/v1/checkpoint.pb.h"
#include "server/hosts/registered_host.h"
#include "server/verdict/judged_target.h"

namespace armstate {

ResolvedTarget TargetOfProfile(const std::shared_ptr<const RegisteredProfile>& profile);

// The targets that the host offers to a VM of this source, of which the best counts; none only if the host has no
// profile. DATA_LOSS, reason RECORD_DAMAGED, if all the profiles that it could be are damaged. On KVM the profile for
// the source's vCPU features, those that the host lacks left out: KVM answers an error to them, and a VM without them
// is the nearest thing that the host can give. All profiles if the source does not say its features, if they were not
// probed together, or on a host of QEMU's emulation, which has no vCPU features.
absl::StatusOr<std::vector<ResolvedTarget>> TargetsOfHost(const RegisteredHost& host, const v1::Source& source);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RESTORES_HOST_TARGETS_H_
