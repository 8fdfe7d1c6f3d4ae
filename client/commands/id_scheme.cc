#include "client/commands/id_scheme.h"

#include <string>

#include "client/engine_client.h"
#include "client/host_client.h"
#include "proto/accelerator.h"

namespace armstate {
namespace {

absl::StatusOr<IdScheme> IdSchemeOfProfile(const std::string& name, const Connection& connection) {
  v1::GetCpuProfileRequest request;
  request.set_name(name);
  const absl::StatusOr<v1::CpuProfile> profile = HostClient(connection).GetCpuProfile(request);
  if (!profile.ok()) return profile.status();
  return IdSchemeOf(*profile);
}

}  // namespace

IdScheme IdSchemeOf(const v1::CpuProfile& profile) { return SchemeOf(profile.accelerator()); }

absl::StatusOr<IdScheme> IdSchemeOf(const v1::Source& source, const Connection& connection) {
  if (source.accelerator() == v1::ENGINE) return IdSchemeOfProfile(source.cpu_profile(), connection);
  return SchemeOf(source.accelerator());
}

absl::StatusOr<IdScheme> IdSchemeOfMachine(absl::string_view machine, const Connection& connection) {
  v1::GetMachineRequest request;
  request.set_name(std::string(machine));
  const absl::StatusOr<v1::Machine> found = EngineClient(connection).GetMachine(request);
  if (!found.ok()) return found.status();
  return IdSchemeOfProfile(found->cpu_profile(), connection);
}

}  // namespace armstate
