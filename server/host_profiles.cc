#include "server/host_profiles.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/vcpu_feature.h"

namespace armstate {
namespace {

// Not a property of the vCPU, only of the moment when it is made.
constexpr uint32_t kPowerOffBit = 1u << static_cast<int>(VcpuFeature::kPowerOff);

VcpuFeatures FeaturesOf(const v1::HostProfile& profile) {
  return {static_cast<uint32_t>(profile.vcpu_features()) & ~kPowerOffBit, profile.memory_tagging(),
          profile.writable_implementation_id()};
}

// Names that armstate does not know are left out and noted in `choice`.
VcpuFeatures Known(absl::Span<const std::string> names, HostProfileChoice& choice) {
  VcpuFeatures wanted;
  for (const std::string& name : names) {
    const absl::StatusOr<VcpuFeatures> one = ParseVcpuFeatures({name});
    if (!one.ok()) {
      choice.unknown.push_back(absl::StrCat("of the checkpoint's vCPU features, ", name, " is not known to armstate"));
      continue;
    }
    wanted.bits |= one->bits;
    wanted.memory_tagging |= one->memory_tagging;
    wanted.writable_implementation_id |= one->writable_implementation_id;
  }
  wanted.bits &= ~kPowerOffBit;
  return wanted;
}

// All features that any of the host's profiles has.
VcpuFeatures Supported(const v1::Host& host) {
  VcpuFeatures all;
  for (const v1::HostProfile& profile : host.profiles()) {
    const VcpuFeatures one = FeaturesOf(profile);
    all.bits |= one.bits;
    all.memory_tagging |= one.memory_tagging;
    all.writable_implementation_id |= one.writable_implementation_id;
  }
  return all;
}

VcpuFeatures Intersection(const VcpuFeatures& a, const VcpuFeatures& b) {
  return {a.bits & b.bits, a.memory_tagging && b.memory_tagging,
          a.writable_implementation_id && b.writable_implementation_id};
}

VcpuFeatures Difference(const VcpuFeatures& a, const VcpuFeatures& b) {
  return {a.bits & ~b.bits, a.memory_tagging && !b.memory_tagging,
          a.writable_implementation_id && !b.writable_implementation_id};
}

v1::MissingVcpuFeature Missing(const v1::Host& host, const std::string& feature) {
  v1::MissingVcpuFeature missing;
  missing.set_feature(feature);
  missing.set_call(VcpuFeatureBit(feature) ? "KVM_ARM_VCPU_INIT" : "KVM_ENABLE_CAP");
  for (const v1::UnsupportedFeature& unsupported : host.unsupported_features()) {
    if (unsupported.feature() != feature) continue;
    missing.set_call(unsupported.call());
    missing.set_error(unsupported.error());
  }
  return missing;
}

// The profile with most of the features and no others; null if each has others.
const v1::HostProfile* Nearest(const v1::Host& host, const VcpuFeatures& wanted) {
  const v1::HostProfile* nearest = nullptr;
  size_t most = 0;
  for (const v1::HostProfile& profile : host.profiles()) {
    const VcpuFeatures features = FeaturesOf(profile);
    const size_t count = VcpuFeatureNames(features).size();
    if (!(Intersection(features, wanted) == features) || (nearest != nullptr && count <= most)) continue;
    nearest = &profile;
    most = count;
  }
  return nearest;
}

}  // namespace

HostProfileChoice ChooseHostProfiles(const v1::Host& host, absl::Span<const std::string> vcpu_features) {
  HostProfileChoice choice;
  if (vcpu_features.empty() || host.accelerator() != v1::KVM) {
    for (const v1::HostProfile& profile : host.profiles()) choice.profiles.push_back(profile.cpu_profile());
    if (choice.profiles.size() > 1) {
      choice.notes.push_back("the checkpoint does not say its vCPU features: judged by the host's best profile for it");
    }
    return choice;
  }
  const VcpuFeatures wanted = Known(vcpu_features, choice);
  const VcpuFeatures supported = Supported(host);
  for (const std::string& lacking : VcpuFeatureNames(Difference(wanted, supported))) {
    choice.missing_features.push_back(Missing(host, lacking));
  }
  const VcpuFeatures given = Intersection(wanted, supported);
  const v1::HostProfile* nearest = Nearest(host, given);
  if (nearest == nullptr && !host.profiles().empty()) nearest = &host.profiles(0);
  if (nearest == nullptr) return choice;
  choice.profiles.push_back(nearest->cpu_profile());
  if (!(FeaturesOf(*nearest) == given)) {
    choice.unknown.push_back(absl::StrCat("the host was not probed with the vCPU features ",
                                          absl::StrJoin(VcpuFeatureNames(given), ", "), " together: judged with ",
                                          absl::StrJoin(VcpuFeatureNames(FeaturesOf(*nearest)), ", ")));
  }
  return choice;
}

}  // namespace armstate
