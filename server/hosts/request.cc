#include "server/hosts/request.h"

#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "server/hosts/registered_host.h"
#include "server/probe/recording.h"
#include "server/rpc/invalid_field.h"
#include "server/rpc/labels.h"

namespace armstate {
namespace {

absl::StatusOr<HostDraft> FromProbe(const ProbeFileMessages& probe) {
  std::vector<std::string> names;
  names.reserve(probe.size());  // `files` refers to them
  std::vector<ProbeInput> files;
  for (const v1::ProbeFile& file : probe) {
    if (absl::Status status = CheckText("probe.name", file.name()); !status.ok()) return status;
    names.push_back(file.name().empty() ? absl::StrCat("probe[", names.size(), "]") : file.name());
    files.push_back({names.back(), file.content()});
  }
  const absl::StatusOr<std::vector<ProbeRecording>> parsed = ParseProbeRecordings(files);
  if (!parsed.ok()) return parsed.status();
  return HostFromProbes(*parsed);
}

absl::Status CheckProfileSize(const v1::CpuProfile& profile) {
  absl::Status status = CheckLimit("cpu_profile.registers", profile.registers_size(), kMaxVcpuRegisters);
  const std::pair<absl::string_view, const std::string*> texts[] = {
      {"hypervisor", &profile.hypervisor()},
      {"hypervisor_version", &profile.hypervisor_version()},
      {"machine_type", &profile.machine_type()},
      {"cpu_model", &profile.cpu_model()},
  };
  for (const auto& [name, text] : texts) {
    if (status.ok()) status = CheckText(absl::StrCat("cpu_profile.", name), *text);
  }
  return status;
}

// Returns the accelerator that all profiles share; unset if they differ.
std::string Common(const std::string& before, const std::string& added, bool first) {
  return first || before == added ? added : "";
}

absl::StatusOr<HostDraft> FromProfiles(const HostProfileMessages& named, const ProfileRegistry& known) {
  if (absl::Status status = CheckLimit("host.profiles", named.size(), kMaxHostProfiles); !status.ok()) return status;
  HostDraft described;
  v1::Host& host = described.host;
  std::set<absl::string_view> names;
  for (const v1::HostProfile& profile : named) {
    const absl::StatusOr<ProfileRegistry::Entry> entry = known.Find(profile.cpu_profile());
    if (!entry.ok()) return entry.status();
    const v1::CpuProfile& message = (*entry)->message;
    if (!names.insert(profile.cpu_profile()).second) {
      return InvalidField("host.profiles", absl::StrCat("have ", profile.cpu_profile(), " twice"));
    }
    const bool first = host.profiles().empty();
    if (!first && message.accelerator() != host.accelerator()) {
      return InvalidField("host.profiles", "are of several accelerators; make a host for each");
    }
    host.set_accelerator(message.accelerator());
    // The version of QEMU says nothing about the kernel below it.
    if (message.accelerator() == v1::ACCELERATOR_KVM) {
      host.set_kernel(Common(host.kernel(), message.hypervisor_version(), first));
    }
    host.set_cpu_model(Common(host.cpu_model(), message.cpu_model(), first));
    *host.add_profiles() = HostProfileOf(message);
  }
  return described;
}

}  // namespace

absl::StatusOr<HostDraft> HostFromRequest(const ProbeFileMessages& probe, const HostProfileMessages& named,
                                          const ProfileRegistry& known) {
  if (!probe.empty() && !named.empty()) {
    return InvalidField("host.profiles", "and a probe are both given; a probe says which profiles its host has");
  }
  if (!probe.empty()) return FromProbe(probe);
  if (named.empty())
    return InvalidField("probe", "is required, or host.profiles for a host whose CPU profiles are known");
  return FromProfiles(named, known);
}

absl::StatusOr<HostUpdate> ParseHostUpdate(const v1::UpdateHostRequest& request, const ProfileRegistry& known) {
  const v1::Host& host = request.host();
  bool labels = false, profiles = false, all = false;
  for (const std::string& path : request.update_mask().paths()) {
    if (path != "labels" && path != "profiles" && path != "*") {
      return InvalidField("update_mask",
                          absl::StrCat("has the path \"", path, "\"; only labels and profiles can be set"));
    }
    all |= path == "*";
    labels |= all || path == "labels";
    profiles |= all || path == "profiles";
  }
  if (!labels && !profiles) return InvalidField("update_mask", "is required: labels, profiles, or * for both");
  if (!profiles && !request.probe().empty()) {
    return InvalidField("update_mask", "does not name profiles, which the probe takes the place of");
  }
  HostUpdate update;
  if (labels) {
    if (absl::Status status = CheckLabels(host.labels(), "host.labels"); !status.ok()) return status;
    *update.labels.emplace().mutable_labels() = host.labels();
  }
  if (profiles) {
    // With "*", `host` may be one that GetHost gave.
    const bool by_probe = all && !request.probe().empty();
    absl::StatusOr<HostDraft> described =
        HostFromRequest(request.probe(), by_probe ? HostProfileMessages() : host.profiles(), known);
    if (!described.ok()) return described.status();
    update.described = *std::move(described);
  }
  return update;
}

HostDraft Updated(const v1::Host& stored, const HostUpdate& update) {
  HostDraft updated = update.described ? *update.described : HostDraft{stored, {}};
  updated.host.set_name(stored.name());
  *updated.host.mutable_labels() = update.labels ? update.labels->labels() : stored.labels();
  *updated.host.mutable_create_time() = stored.create_time();
  return updated;
}

absl::StatusOr<std::vector<v1::CpuProfile>> ProfilesFromRequest(const v1::ImportCpuProfileRequest& request) {
  if (request.has_cpu_profile() && !request.probe().empty()) {
    return InvalidField("cpu_profile", "and a probe are both given; send one of them");
  }
  if (request.has_cpu_profile()) {
    if (absl::Status status = CheckProfileSize(request.cpu_profile()); !status.ok()) return status;
    return std::vector<v1::CpuProfile>{request.cpu_profile()};
  }
  if (request.probe().empty()) return InvalidField("cpu_profile", "is required, or a probe");
  absl::StatusOr<HostDraft> probed = FromProbe(request.probe());
  if (!probed.ok()) return probed.status();
  return std::move(probed->profiles);
}

}  // namespace armstate
