// Which of a host's profiles a VM gets there.
#ifndef ARMSTATE_SERVER_HOST_PROFILES_H_
#define ARMSTATE_SERVER_HOST_PROFILES_H_

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "armstate/v1/host_service.pb.h"
#include "armstate/v1/restore_service.pb.h"

namespace armstate {

struct HostProfileChoice {
  // "cpuProfiles/{profile}": one, or several of which the best counts. Empty only if the host has none.
  std::vector<std::string> profiles;
  std::vector<v1::MissingVcpuFeature> missing_features;
  // As in JudgedTarget.
  std::vector<std::string> unknown;
  std::vector<std::string> notes;
};

// For a VM with these vCPU features (Source.vcpu_features), those that the host lacks left out: KVM answers an error to
// them, and a VM without them is the nearest thing that the host can give. Without features, which means that nobody
// knows them, all of the host's profiles; the same for hosts of QEMU's emulation, which has no vCPU features.
HostProfileChoice ChooseHostProfiles(const v1::Host& host, absl::Span<const std::string> vcpu_features);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_HOST_PROFILES_H_
