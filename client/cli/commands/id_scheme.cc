#include "client/cli/commands/id_scheme.h"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/engine_client.h"
#include "client/host_client.h"
#include "proto/accelerator.h"

namespace armstate {
namespace {

absl::StatusOr<IdScheme> SchemeOfKnown(v1::Accelerator accelerator) {
  const absl::optional<IdScheme> scheme = SchemeOf(accelerator);
  if (scheme) return *scheme;
  return absl::InvalidArgumentError(
      absl::StrCat("this command does not know the accelerator ", accelerator, ": use one as new as the server"));
}

absl::StatusOr<v1::CpuProfile> GetProfile(const std::string& name, const Connection& connection) {
  v1::GetCpuProfileRequest request;
  request.set_name(name);
  return HostClient(connection).GetCpuProfile(request);
}

absl::StatusOr<IdScheme> SchemeOfFound(const absl::StatusOr<v1::CpuProfile>& profile) {
  if (!profile.ok()) return profile.status();
  return IdSchemeOf(*profile);
}

}  // namespace

absl::StatusOr<IdScheme> IdSchemeOf(const v1::CpuProfile& profile) { return SchemeOfKnown(profile.accelerator()); }

absl::StatusOr<IdScheme> IdSchemeOf(const v1::Source& source, const Connection& connection) {
  if (source.accelerator() == v1::ACCELERATOR_ENGINE)
    return SchemeOfFound(GetProfile(source.cpu_profile(), connection));
  return SchemeOfKnown(source.accelerator());
}

absl::StatusOr<v1::CpuProfile> ProfileOfMachine(absl::string_view machine, const Connection& connection) {
  v1::GetMachineRequest request;
  request.set_name(std::string(machine));
  const absl::StatusOr<v1::Machine> found = EngineClient(connection).GetMachine(request);
  if (!found.ok()) return found.status();
  return GetProfile(found->cpu_profile(), connection);
}

absl::StatusOr<IdScheme> IdSchemeOfMachine(absl::string_view machine, const Connection& connection) {
  return SchemeOfFound(ProfileOfMachine(machine, connection));
}

absl::StatusOr<std::vector<RegisterSelector>> SelectorsOf(const std::vector<std::string>& names,
                                                          const v1::CpuProfile& profile) {
  const absl::StatusOr<IdScheme> scheme = IdSchemeOf(profile);
  if (!scheme.ok()) return scheme.status();
  absl::StatusOr<std::vector<RegisterSelector>> selectors = ParseRegisterSelectors(names, *scheme);
  if (!selectors.ok()) return selectors;
  std::set<uint64_t> ids;
  for (const v1::RegisterRule& rule : profile.registers()) ids.insert(rule.id());
  for (RegisterSelector& selector : *selectors) {
    selector = SelectorFor(selector, *scheme, [&ids](RegisterId id) { return ids.count(id.raw()) > 0; });
  }
  return selectors;
}

}  // namespace armstate
