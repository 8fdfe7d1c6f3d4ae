#include "server/hosts/host_draft.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "core/limits.h"
#include "core/vcpu_feature.h"
#include "server/hosts/registered_host.h"
#include "server/probe/infer_profiles.h"

namespace armstate {
namespace {

constexpr size_t kMaxFeatureSets = 64;
constexpr int kFeatureBits = 32;

absl::Status Malformed(absl::string_view what) {
  return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kCpuProfileMalformed, what);
}

absl::Status CheckSizes(const ProbeRecording& probe) {
  if (probe.classes.size() > kMaxFeatureSets) {
    return Malformed(
        absl::StrCat("the probe has ", probe.classes.size(), " sets of vCPU features, more than ", kMaxFeatureSets));
  }
  bool too_long = probe.kernel.size() > kMaxTextBytes || probe.cpu.size() > kMaxTextBytes;
  for (const ProbeRecording::FeatureClass& c : probe.classes) too_long |= c.name.size() > kMaxTextBytes;
  for (const auto& [label, answer] : probe.answers) too_long |= answer.size() > kMaxTextBytes;
  if (!too_long) return absl::OkStatus();
  return Malformed(absl::StrCat("the probe has a name or an answer of more than ", kMaxTextBytes, " bytes"));
}

void AddUnsupported(const std::string& feature, const char* call, const std::string& error, v1::Host& host) {
  v1::UnsupportedFeature* unsupported = host.add_unsupported_features();
  unsupported->set_feature(feature);
  unsupported->set_call(call);
  unsupported->set_error(error);
}

void AddUnsupportedFeatures(const ProbeRecording& probe, v1::Host& host) {
  uint64_t supported = 0;
  bool memory_tagging = false;
  for (const ProbeRecording::FeatureClass& c : probe.classes) {
    supported |= c.features;
    memory_tagging |= c.memory_tagging;
  }
  for (int bit = 0; bit < kFeatureBits; ++bit) {
    if ((supported >> bit & 1) != 0) continue;
    const auto answer = probe.answers.find(absl::StrCat("init.feature", bit));
    if (answer == probe.answers.end() || answer->second == "0") continue;
    AddUnsupported(VcpuFeatureName(bit), "KVM_ARM_VCPU_INIT", answer->second, host);
  }
  // Linux, Documentation/virt/kvm/api.rst: the answer to KVM_ENABLE_CAP for a capability that the host lacks.
  VcpuFeatures capabilities;
  capabilities.memory_tagging = !memory_tagging;
  capabilities.writable_implementation_id = !probe.writable_implementation_id;
  for (const std::string& name : VcpuFeatureNames(capabilities)) AddUnsupported(name, "KVM_ENABLE_CAP", "EINVAL", host);
}

}  // namespace

absl::StatusOr<HostDraft> HostFromProbe(const ProbeRecording& probe) {
  if (absl::Status status = CheckSizes(probe); !status.ok()) return status;
  absl::StatusOr<std::vector<v1::CpuProfile>> profiles = ProfilesFromProbe(probe);
  if (!profiles.ok()) return profiles.status();
  HostDraft probed{{}, *std::move(profiles)};
  probed.host.set_accelerator(v1::ACCELERATOR_KVM);
  probed.host.set_kernel(probe.kernel);
  probed.host.set_cpu_model(probe.cpu);
  for (const v1::CpuProfile& profile : probed.profiles) {
    v1::HostProfile* of_host = probed.host.add_profiles();
    *of_host = HostProfileOf(profile);
    for (const ProbeRecording::FeatureClass& c : probe.classes) {
      // No two classes have the same features.
      if (c.features == profile.vcpu_features() && c.memory_tagging == profile.memory_tagging()) {
        of_host->set_feature_set(c.name);
      }
    }
  }
  AddUnsupportedFeatures(probe, probed.host);
  return probed;
}

}  // namespace armstate
