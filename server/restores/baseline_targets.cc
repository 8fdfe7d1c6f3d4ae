#include "server/restores/baseline_targets.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/baseline.h"
#include "core/catalog.h"
#include "core/cpu_list.h"
#include "core/error.h"
#include "core/vcpu_feature.h"
#include "server/rpc/invalid_field.h"

namespace armstate {
namespace {

VcpuFeatures FeaturesOf(const v1::HostProfile& profile) {
  return {static_cast<uint32_t>(profile.vcpu_features()), profile.memory_tagging(),
          profile.writable_implementation_id()};
}

bool HasProfileFor(const RegisteredHost& host, const VcpuFeatures& features) {
  const VcpuInit init = PredictVcpuInit(host.message, 0, features);
  return init.missing.empty() && init.profile.has_value();
}

// Returns the largest set of features that all hosts were probed with.
absl::StatusOr<VcpuFeatures> CommonFeatures(const std::vector<HostRegistry::Entry>& hosts) {
  absl::optional<VcpuFeatures> most;
  for (const v1::HostProfile& profile : hosts[0]->message.profiles()) {
    const VcpuFeatures features = FeaturesOf(profile);
    if (features.has(VcpuFeature::kEl1Is32Bit) || features.writable_implementation_id) continue;
    if (most && VcpuFeatureNames(features).size() <= VcpuFeatureNames(*most).size()) continue;
    if (std::all_of(hosts.begin(), hosts.end(), [&](const auto& host) { return HasProfileFor(*host, features); })) {
      most = features;
    }
  }
  if (!most)
    return InvalidField("vcpu_features", "are required: the hosts were not probed with any set of them in common");
  return *most;
}

absl::StatusOr<std::shared_ptr<const CpuProfile>> ProfileOnHost(const RegisteredHost& host,
                                                                const VcpuFeatures& features) {
  const VcpuInit init = PredictVcpuInit(host.message, 0, features);
  if (!init.missing.empty()) {
    return InvalidField("vcpu_features",
                        absl::StrCat("has ", init.missing[0].feature(), ", which ", host.message.name(), " lacks"));
  }
  if (!init.profile) {
    return InvalidField("vcpu_features", absl::StrCat("are a set that ", host.message.name(), " was not probed with: ",
                                                      absl::StrJoin(VcpuFeatureNames(features), ", ")));
  }
  const RegisteredProfile& profile = *host.profiles[static_cast<size_t>(*init.profile)];
  if (absl::Status status = CheckReadable(profile); !status.ok()) return status;
  return profile.profile;
}

// `positions` are indexes into targets.names.
template <typename Names>
void AddNames(const BaselineTargets& targets, const std::vector<size_t>& positions, Names* names) {
  for (const size_t position : positions) *names->Add() = targets.names[position];
}

// A profile of each kind of cores, each with one of its sets of vCPU features.
std::string ProfilesOfKinds(const v1::Host& host) {
  std::string text;
  for (int kind = 0; kind < host.core_kinds_size(); ++kind) {
    const auto profile = std::find_if(host.profiles().begin(), host.profiles().end(),
                                      [kind](const v1::HostProfile& one) { return one.core_kind() == kind; });
    if (profile == host.profiles().end()) continue;
    absl::StrAppend(&text, text.empty() ? "" : " or ", profile->cpu_profile(), " (",
                    CoresText(host.core_kinds(kind).cpus(), host.core_kinds(kind).cpu_model()), ", ",
                    profile->feature_set(), ")");
  }
  return text;
}

}  // namespace

absl::StatusOr<BaselineTargets> FindBaselineTargets(const v1::ComputeBaselineRequest& request,
                                                    const HostRegistry& hosts, const ProfileRegistry& profiles) {
  if (request.targets().empty()) return InvalidField("targets", "is required");
  absl::Status sizes = CheckLimit("targets", request.targets_size(), kMaxBaselineTargets);
  if (sizes.ok()) sizes = CheckLimit("vcpu_features", request.vcpu_features_size(), kMaxVcpuFeatures);
  if (!sizes.ok()) return sizes;
  BaselineTargets found;
  std::vector<HostRegistry::Entry> entries;  // one for each host
  std::vector<size_t> positions;             // the hosts' positions in `found`
  for (const v1::RestoreTarget& target : request.targets()) {
    found.names.push_back(target.has_host() ? target.host() : target.cpu_profile());
    found.profiles.emplace_back();
    if (target.has_host()) {
      absl::StatusOr<HostRegistry::Entry> host = hosts.Find(target.host());
      if (!host.ok()) return host.status();
      if ((*host)->message.accelerator() != v1::ACCELERATOR_KVM)
        return InvalidField("targets", "has a host that is not a KVM host");
      if (CoreKindCount((*host)->message) > 1) {
        return InvalidField(
            "targets", absl::StrCat("has ", target.host(), ", whose cores are of several kinds: instead of it, name ",
                                    ProfilesOfKinds((*host)->message), ", where the VM will be pinned to"));
      }
      entries.push_back(*std::move(host));
      positions.push_back(found.profiles.size() - 1);
    } else if (target.has_cpu_profile()) {
      const absl::StatusOr<ProfileRegistry::Entry> profile = profiles.Find(target.cpu_profile());
      if (!profile.ok()) return profile.status();
      if ((*profile)->message.accelerator() != v1::ACCELERATOR_KVM)
        return InvalidField("targets", "has a profile that is not a KVM profile");
      found.profiles.back() = (*profile)->profile;
    } else {
      return InvalidField("targets", "has an entry that is neither a host nor a CPU profile");
    }
  }
  if (entries.empty()) return found;
  const absl::StatusOr<VcpuFeatures> features =
      request.vcpu_features().empty()
          ? CommonFeatures(entries)
          : ParseVcpuFeatures(std::vector<std::string>(request.vcpu_features().begin(), request.vcpu_features().end()));
  if (!features.ok()) return features.status();
  found.vcpu_features = VcpuFeatureNames(*features);
  for (size_t i = 0; i < entries.size(); ++i) {
    absl::StatusOr<std::shared_ptr<const CpuProfile>> profile = ProfileOnHost(*entries[i], *features);
    if (!profile.ok()) return profile.status();
    found.profiles[positions[i]] = *std::move(profile);
  }
  return found;
}

absl::StatusOr<v1::ComputeBaselineResponse> ComputeBaselineOf(const BaselineTargets& targets,
                                                              const ToleranceSet& tolerances, const StopCheck& stop) {
  v1::ComputeBaselineResponse response;
  *response.mutable_vcpu_features() = {targets.vcpu_features.begin(), targets.vcpu_features.end()};
  const absl::StatusOr<Baseline> baseline = ComputeBaseline(targets.profiles, tolerances, stop);
  if (!baseline.ok()) return baseline.status();
  for (const BaselineRegister& found : baseline->registers) {
    v1::BaselineRegister* message = response.add_registers();
    message->set_register_id(found.id.raw());
    message->set_name(RegisterName(found.id, IdScheme::kKvm));
    message->set_value(found.value);
    AddNames(targets, found.written_on, message->mutable_written_on());
  }
  for (const BaselineObstacle& found : baseline->obstacles) {
    v1::BaselineObstacle* message = response.add_obstacles();
    message->set_register_id(found.id.raw());
    message->set_name(RegisterName(found.id, IdScheme::kKvm));
    message->set_field(found.field);
    message->set_reason(found.reason);
    AddNames(targets, found.profiles, message->mutable_targets());
  }
  return response;
}

}  // namespace armstate
