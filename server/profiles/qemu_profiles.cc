#include "server/profiles/qemu_profiles.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "proto/resource_names.h"
#include "server/profiles/merged_profile.h"
#include "server/profiles/profile_name.h"
#include "server/rpc/invalid_field.h"

namespace armstate {
namespace {

// The profile names of one machine and CPU, by series.
using IdsBySeries = std::map<QemuSeries, std::string>;

// The profile of an older machine type also stands for the types before it, down to the next one that has a profile;
// the profile of the unversioned machine stands for all others (profiles/README.md).
bool StandsFor(const QemuProfileName& profile, const absl::optional<QemuSeries>& type) {
  return !profile.machine_version || (type && *type <= *profile.machine_version);
}

bool IsNearer(const QemuProfileName& a, const QemuProfileName& b) {
  if (!a.machine_version || !b.machine_version) return a.machine_version.has_value();
  return *a.machine_version < *b.machine_version;
}

IdsBySeries FindIds(const BuiltInProfiles& built_in, const QemuProfileName& wanted) {
  IdsBySeries ids;
  std::map<QemuSeries, QemuProfileName> nearest;
  for (const auto& [id, index] : built_in.names()) {
    const absl::optional<QemuProfileName> name = ParseQemuProfileName(id);
    if (!name || name->machine != wanted.machine || name->cpu != wanted.cpu) continue;
    if (!StandsFor(*name, wanted.machine_version)) continue;
    const auto known = nearest.find(name->series);
    if (known != nearest.end() && !IsNearer(*name, known->second)) continue;
    nearest.insert_or_assign(name->series, *name);
    ids[name->series] = id;
  }
  return ids;
}

absl::StatusOr<ProfileRegistry::Entry> FindId(const ProfileRegistry& profiles, const std::string& id) {
  return profiles.Find(FormatCpuProfileName(id));
}

std::string IdOf(const RegisteredProfile& profile) {
  const absl::StatusOr<std::string> id = ParseCpuProfileName(profile.message.name());
  return id.ok() ? *id : std::string();
}

// Chooses the profile of a series that has one.
absl::StatusOr<ChosenProfile> OfSeries(const ProfileRegistry& profiles, const std::string& id,
                                       const QemuProfileName& wanted) {
  const absl::StatusOr<ProfileRegistry::Entry> entry = FindId(profiles, id);
  if (!entry.ok()) return entry.status();
  ChosenProfile chosen{*entry};
  if (wanted.patch) {
    chosen.note = absl::StrCat("QEMU ", FormatSeries(wanted.series), ".", *wanted.patch,
                               " is judged by the profile of its series, which was made with ",
                               (*entry)->message.hypervisor_version());
  }
  return chosen;
}

absl::StatusOr<ChosenProfile> BetweenSeries(const ProfileRegistry& profiles, const std::string& before,
                                            const std::string& after, const QemuProfileName& wanted) {
  const absl::StatusOr<ProfileRegistry::Entry> first = FindId(profiles, before);
  if (!first.ok()) return first.status();
  const absl::StatusOr<ProfileRegistry::Entry> second = FindId(profiles, after);
  if (!second.ok()) return second.status();
  v1::CpuProfile merged = MergeProfiles((*first)->message, (*second)->message);
  merged.set_hypervisor_version(FormatSeries(wanted.series));
  merged.set_name(FormatCpuProfileName(absl::StrCat(
      "qemu-", FormatSeries(wanted.series), ".", wanted.machine,
      wanted.machine_version ? absl::StrCat("-", FormatSeries(*wanted.machine_version)) : "", ".", wanted.cpu)));
  const absl::StatusOr<ProfileRegistry::Entry> entry = RegisterProfile(std::move(merged), ProfileOrigin::kBuiltIn);
  if (!entry.ok()) return entry.status();
  return ChosenProfile{*entry, absl::StrCat("there is no profile of QEMU ", FormatSeries(wanted.series),
                                            ": judged by the releases before and after it, ", IdOf(**first), " and ",
                                            IdOf(**second), "; what differs between these is not known")};
}

absl::StatusOr<ChosenProfile> BesideSeries(const ProfileRegistry& profiles, const std::string& id,
                                           const QemuProfileName& wanted) {
  const absl::StatusOr<ProfileRegistry::Entry> entry = FindId(profiles, id);
  if (!entry.ok()) return entry.status();
  return ChosenProfile{*entry,
                       absl::StrCat("there is no profile of QEMU ", FormatSeries(wanted.series),
                                    ", nor of a release on either side of it: judged by the nearest, ", id),
                       true};
}

bool HasSeries(const BuiltInProfiles& built_in, const QemuSeries& series) {
  return std::any_of(built_in.names().begin(), built_in.names().end(), [&](const auto& entry) {
    const absl::optional<QemuProfileName> name = ParseQemuProfileName(entry.first);
    return name && name->series == series;
  });
}

absl::StatusOr<ChosenProfile> Choose(const ProfileRegistry& profiles, const QemuProfileName& wanted,
                                     const absl::Status& not_found) {
  const IdsBySeries ids = FindIds(profiles.built_in(), wanted);
  if (ids.empty()) return not_found;
  // If this release has profiles, a machine or CPU that none of them covers does not exist in it.
  if (ids.count(wanted.series) == 0 && HasSeries(profiles.built_in(), wanted.series)) return not_found;
  const auto after = ids.lower_bound(wanted.series);
  if (after != ids.end() && after->first == wanted.series) return OfSeries(profiles, after->second, wanted);
  if (after == ids.end()) return BesideSeries(profiles, ids.rbegin()->second, wanted);
  if (after == ids.begin()) return BesideSeries(profiles, after->second, wanted);
  return BetweenSeries(profiles, std::prev(after)->second, after->second, wanted);
}

}  // namespace

absl::StatusOr<ChosenProfile> ChooseProfile(const ProfileRegistry& profiles, absl::string_view name) {
  const absl::StatusOr<ProfileRegistry::Entry> entry = profiles.Find(name);
  if (entry.ok()) return ChosenProfile{*entry};
  const absl::StatusOr<std::string> id = ParseCpuProfileName(name);
  if (!absl::IsNotFound(entry.status()) || !id.ok()) return entry.status();
  const absl::optional<QemuProfileName> wanted = ParseQemuProfileName(*id);
  if (!wanted) return entry.status();
  return Choose(profiles, *wanted, entry.status());
}

absl::StatusOr<ChosenProfile> ChooseProfile(const ProfileRegistry& profiles, const QemuMachine& machine) {
  const auto version = ParseQemuVersion(machine.version);
  if (!version) {
    return InvalidField("hypervisor_version",
                        absl::StrCat("is '", machine.version, "', not a version of QEMU like 10.0.2"));
  }
  QemuProfileName wanted;
  std::tie(wanted.series, wanted.patch) = *version;
  std::tie(wanted.machine, wanted.machine_version) = ParseMachineType(machine.machine_type);
  wanted.cpu = machine.cpu_model;
  for (const auto& [option, level] :
       {std::make_pair("virtualization", "el2"), std::make_pair("secure", "el3"), std::make_pair("mte", "mte")}) {
    for (const std::string& given : machine.machine_options) {
      if (given == absl::StrCat(option, "=on")) absl::StrAppend(&wanted.cpu, ".", level);
      if (given == absl::StrCat(option, "=off")) absl::StrAppend(&wanted.cpu, ".no", level);
    }
  }
  return Choose(profiles, wanted,
                MakeError(absl::StatusCode::kNotFound, ErrorReason::kCpuProfileNotFound,
                          absl::StrCat("no CPU profile of QEMU with machine ", machine.machine_type, " and CPU ",
                                       wanted.cpu, "; see ListCpuProfiles for the names"),
                          {{"name", wanted.cpu}}));
}

}  // namespace armstate
