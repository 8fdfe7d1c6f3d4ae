// RegisteredHost is a host as HostRegistry keeps it in memory.
#ifndef ARMSTATE_SERVER_HOSTS_REGISTERED_HOST_H_
#define ARMSTATE_SERVER_HOSTS_REGISTERED_HOST_H_

#include <memory>
#include <vector>

#include "absl/types/optional.h"
#include "armstate/v1/host_service.pb.h"
#include "core/vcpu_feature.h"
#include "server/profiles/registered_profile.h"

namespace armstate {

// Immutable, with all its profiles ready for use.
struct RegisteredHost {
  v1::Host message;
  // The profiles of message.profiles, in the same order. Hosts that share a profile share the object. A damaged profile
  // does not affect the others; see CheckReadable.
  std::vector<std::shared_ptr<const RegisteredProfile>> profiles;
};

// Returns the entry of a host for a profile, without the probe's name of the feature set.
v1::HostProfile HostProfileOf(const v1::CpuProfile& profile);

// VcpuInit is the predicted result of creating a vCPU on a host.
struct VcpuInit {
  // The wanted features that the host lacks, in the order in which KVM refuses them: a VMM that asks for all of them
  // gets the error of the first one.
  std::vector<v1::UnsupportedFeature> missing;
  // The index in host.profiles of the profile for the remaining features, ignoring KVM_ARM_VCPU_POWER_OFF. Unset if the
  // probe did not see these features together.
  absl::optional<int> profile;
};

// Returns the number of kinds of cores: 1 for a host that does not distinguish any.
int CoreKindCount(const v1::Host& host);

// Predicts for the kind of cores with the index `core_kind`. For KVM hosts only: profiles of QEMU's emulation have no
// vCPU features.
VcpuInit PredictVcpuInit(const v1::Host& host, int core_kind, const VcpuFeatures& wanted);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_HOSTS_REGISTERED_HOST_H_
