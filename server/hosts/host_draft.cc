#include "server/hosts/host_draft.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/cpu_list.h"
#include "core/error.h"
#include "core/limits.h"
#include "core/vcpu_feature.h"
#include "server/hosts/registered_host.h"
#include "server/probe/infer_profiles.h"
#include "server/rpc/invalid_field.h"

namespace armstate {
namespace {

constexpr size_t kMaxFeatureSets = 64;
constexpr int kFeatureBits = 32;

absl::Status Malformed(absl::string_view what) {
  return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kCpuProfileMalformed, what);
}

absl::Status CheckSizes(const ProbeRecording& probe) {
  bool too_long = std::max({probe.kernel.size(), probe.cpu.size(), probe.cpus.size()}) > kMaxTextBytes;
  for (const ProbeRecording::FeatureClass& c : probe.classes) too_long |= c.name.size() > kMaxTextBytes;
  for (const auto& [label, answer] : probe.answers) too_long |= answer.size() > kMaxTextBytes;
  if (!too_long) return absl::OkStatus();
  return Malformed(absl::StrCat("the probe has a name or an answer of more than ", kMaxTextBytes, " bytes"));
}

// Checks that each probe is about another kind of cores of one host.
absl::Status CheckKinds(absl::Span<const ProbeRecording> probes) {
  size_t feature_sets = 0;
  std::set<int> cpus;
  for (const ProbeRecording& probe : probes) {
    if (absl::Status status = CheckSizes(probe); !status.ok()) return status;
    feature_sets += probe.classes.size();
    if (feature_sets > kMaxFeatureSets) {
      return Malformed(
          absl::StrCat("the probe has ", feature_sets, " sets of vCPU features, more than ", kMaxFeatureSets));
    }
    if (probe.kernel != probes[0].kernel) {
      return InvalidField("probe",
                          absl::StrCat("is of several hosts: one file was made under the kernel ",
                                       absl::CEscape(probes[0].kernel), ", another under ", absl::CEscape(probe.kernel),
                                       ": a host has one; probe all kinds of its cores under it"));
    }
    for (const ProbeRecording& other : probes) {
      if (&other == &probe) break;
      if ((other.cpus.empty() || probe.cpus.empty()) && other.cpu == probe.cpu) {
        return InvalidField("probe", absl::StrCat("has two files of ", CoresText("", absl::CEscape(probe.cpu)),
                                                  ", and do not both say which: probe each kind of cores with --cpus"));
      }
    }
    if (probe.cpus.empty()) continue;
    const absl::StatusOr<std::vector<int>> own = ParseCpuList(probe.cpus);
    if (!own.ok()) return Malformed(own.status().message());
    for (const int cpu : *own) {
      if (!cpus.insert(cpu).second) return InvalidField("probe", absl::StrCat("has two files of CPU ", cpu));
    }
  }
  return absl::OkStatus();
}

void AddUnsupported(const std::string& feature, const char* call, const std::string& error, int core_kind,
                    v1::Host& host) {
  v1::UnsupportedFeature* unsupported = host.add_unsupported_features();
  unsupported->set_core_kind(core_kind);
  unsupported->set_feature(feature);
  unsupported->set_call(call);
  unsupported->set_error(error);
}

void AddUnsupportedFeatures(const ProbeRecording& probe, int core_kind, v1::Host& host) {
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
    AddUnsupported(VcpuFeatureName(bit), "KVM_ARM_VCPU_INIT", answer->second, core_kind, host);
  }
  // Linux, Documentation/virt/kvm/api.rst: the answer to KVM_ENABLE_CAP for a capability that the host lacks.
  VcpuFeatures capabilities;
  capabilities.memory_tagging = !memory_tagging;
  capabilities.writable_implementation_id = !probe.writable_implementation_id;
  for (const std::string& name : VcpuFeatureNames(capabilities)) {
    AddUnsupported(name, "KVM_ENABLE_CAP", "EINVAL", core_kind, host);
  }
}

// Adds what one probe found.
absl::Status AddKind(const ProbeRecording& probe, int core_kind, HostDraft& probed) {
  absl::StatusOr<std::vector<v1::CpuProfile>> profiles = ProfilesFromProbe(probe);
  if (!profiles.ok()) return profiles.status();
  for (v1::CpuProfile& profile : *profiles) {
    v1::HostProfile* of_host = probed.host.add_profiles();
    *of_host = HostProfileOf(profile);
    of_host->set_core_kind(core_kind);
    for (const ProbeRecording::FeatureClass& c : probe.classes) {
      // No two classes have the same features.
      if (c.features == profile.vcpu_features() && c.memory_tagging == profile.memory_tagging()) {
        of_host->set_feature_set(c.name);
      }
    }
    // Kinds of cores can have a profile in common. Its name says what is in it.
    const auto known = std::find_if(probed.profiles.begin(), probed.profiles.end(),
                                    [&](const v1::CpuProfile& p) { return p.name() == profile.name(); });
    if (known == probed.profiles.end()) probed.profiles.push_back(std::move(profile));
  }
  AddUnsupportedFeatures(probe, core_kind, probed.host);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<HostDraft> HostFromProbes(absl::Span<const ProbeRecording> probes) {
  if (absl::Status status = CheckKinds(probes); !status.ok()) return status;
  HostDraft probed;
  v1::Host& host = probed.host;
  host.set_accelerator(v1::ACCELERATOR_KVM);
  host.set_kernel(probes[0].kernel);
  std::set<std::string> models;
  for (size_t i = 0; i < probes.size(); ++i) {
    const ProbeRecording& probe = probes[i];
    if (absl::Status status = AddKind(probe, static_cast<int>(i), probed); !status.ok()) return status;
    if (models.insert(probe.cpu).second) {
      host.set_cpu_model(absl::StrCat(host.cpu_model(), host.cpu_model().empty() ? "" : ", ", probe.cpu));
    }
    if (probes.size() == 1 && probe.cpus.empty()) break;
    v1::CoreKind* kind = host.add_core_kinds();
    kind->set_cpu_model(probe.cpu);
    kind->set_cpus(probe.cpus);
  }
  return probed;
}

}  // namespace armstate
