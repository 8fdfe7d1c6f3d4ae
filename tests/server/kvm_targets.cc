#include "tests/server/kvm_targets.h"

#include <cstdlib>

#include "core/vcpu_feature.h"
#include "gtest/gtest.h"
#include "proto/cpu_profile_conversion.h"

namespace armstate {

v1::CpuProfile KvmProfile(const ProbeRecording& probe, const std::string& feature_class,
                          ImplementationId implementation_id) {
  for (const ProbeRecording::FeatureClass& candidate : probe.classes) {
    if (candidate.name == feature_class) return *ProfileFromProbe(probe, candidate, implementation_id);
  }
  ADD_FAILURE() << probe.host << " has no class " << feature_class;
  std::abort();
}

ResolvedTarget TargetOf(const v1::CpuProfile& profile) {
  ResolvedTarget target;
  target.profile_header = std::make_shared<const v1::CpuProfile>(profile);
  target.profiles = {*CpuProfileFromProto(profile)};
  return target;
}

VerdictInput CheckpointOf(const RecordedVm& vm, const ProbeRecording& host) {
  VerdictInput checkpoint;
  checkpoint.scheme = IdScheme::kKvm;
  checkpoint.loaded.basic.set_name("vms/v/checkpoints/1");
  v1::Source& source = *checkpoint.loaded.basic.mutable_source();
  source.set_accelerator(v1::ACCELERATOR_KVM);
  source.set_host_kernel(host.kernel);
  source.set_cpu_model(host.cpu);
  VcpuFeatures features;
  features.bits = static_cast<uint32_t>(vm.features);
  features.memory_tagging = vm.memory_tagging;
  for (const std::string& name : VcpuFeatureNames(features)) source.add_vcpu_features(name);
  for (size_t i = 0; i < vm.vcpus.size(); ++i) {
    checkpoint.loaded.vcpus.push_back({static_cast<int>(i), vm.vcpus[i], {}});
  }
  return checkpoint;
}

}  // namespace armstate
