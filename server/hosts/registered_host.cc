#include "server/hosts/registered_host.h"

#include <algorithm>
#include <string>
#include <utility>

namespace armstate {
namespace {

constexpr char kEnableCap[] = "KVM_ENABLE_CAP";
constexpr char kVcpuInit[] = "KVM_ARM_VCPU_INIT";

// Whether a vCPU starts powered off does not affect its registers.
constexpr uint32_t kPowerOff = uint32_t{1} << static_cast<int>(VcpuFeature::kPowerOff);

// Returns every feature that at least one of the kind's profiles has.
VcpuFeatures Supported(const v1::Host& host, int core_kind) {
  VcpuFeatures supported;
  for (const v1::HostProfile& profile : host.profiles()) {
    if (profile.core_kind() != core_kind) continue;
    supported.bits |= static_cast<uint32_t>(profile.vcpu_features());
    supported.memory_tagging |= profile.memory_tagging();
    supported.writable_implementation_id |= profile.writable_implementation_id();
  }
  return supported;
}

v1::UnsupportedFeature Answer(const v1::Host& host, int core_kind, const std::string& feature, const char* call) {
  for (const v1::UnsupportedFeature& known : host.unsupported_features()) {
    if (known.feature() == feature && known.core_kind() == core_kind) return known;
  }
  v1::UnsupportedFeature unknown;
  unknown.set_feature(feature);
  unknown.set_call(call);
  return unknown;
}

}  // namespace

v1::HostProfile HostProfileOf(const v1::CpuProfile& profile) {
  v1::HostProfile of_host;
  of_host.set_cpu_profile(profile.name());
  of_host.set_vcpu_features(profile.vcpu_features());
  of_host.set_memory_tagging(profile.memory_tagging());
  of_host.set_writable_implementation_id(profile.writable_implementation_id());
  return of_host;
}

int CoreKindCount(const v1::Host& host) { return std::max(host.core_kinds_size(), 1); }

VcpuInit PredictVcpuInit(const v1::Host& host, int core_kind, const VcpuFeatures& wanted) {
  const VcpuFeatures supported = Supported(host, core_kind);
  VcpuFeatures vm_lacks;
  vm_lacks.memory_tagging = wanted.memory_tagging && !supported.memory_tagging;
  vm_lacks.writable_implementation_id = wanted.writable_implementation_id && !supported.writable_implementation_id;
  VcpuFeatures vcpu_lacks;
  vcpu_lacks.bits = wanted.bits & ~supported.bits & ~kPowerOff;

  VcpuInit init;
  // A VM's capabilities are enabled before it has vCPUs.
  const auto lack = [&](const VcpuFeatures& features, const char* call) {
    for (const std::string& name : VcpuFeatureNames(features)) {
      init.missing.push_back(Answer(host, core_kind, name, call));
    }
  };
  lack(vm_lacks, kEnableCap);
  lack(vcpu_lacks, kVcpuInit);
  for (int i = 0; i < host.profiles_size(); ++i) {
    const v1::HostProfile& profile = host.profiles(i);
    if (profile.core_kind() == core_kind &&
        ((profile.vcpu_features() ^ (wanted.bits & supported.bits)) & ~uint64_t{kPowerOff}) == 0 &&
        profile.memory_tagging() == (wanted.memory_tagging && supported.memory_tagging) &&
        profile.writable_implementation_id() ==
            (wanted.writable_implementation_id && supported.writable_implementation_id)) {
      init.profile = i;
    }
  }
  return init;
}

}  // namespace armstate
