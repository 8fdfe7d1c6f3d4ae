// A host as the server holds it.
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
  // As message.profiles, in the same order. Hosts with the same profile have the same object. A damaged one takes
  // nothing from the others: see CheckReadable.
  std::vector<std::shared_ptr<const RegisteredProfile>> profiles;
};

// How a host has a profile; without the probe's name of the feature set.
v1::HostProfile HostProfileOf(const v1::CpuProfile& profile);

// What making a vCPU on a host comes to.
struct VcpuInit {
  // The wanted features that the host lacks, in the order in which KVM refuses them: the first one's error is what a
  // VMM gets that asks for all.
  std::vector<v1::UnsupportedFeature> missing;
  // Which of host.profiles is that of the other features, KVM_ARM_VCPU_POWER_OFF left aside. Nothing if the probe has
  // not seen them together.
  absl::optional<int> profile;
};

// For a KVM host: profiles of QEMU's emulation have no vCPU features.
VcpuInit PredictVcpuInit(const v1::Host& host, const VcpuFeatures& wanted);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_HOSTS_REGISTERED_HOST_H_
