#include "client/cli/commands/id_scheme.h"

#include <string>

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

absl::StatusOr<IdScheme> IdSchemeOfProfile(const std::string& name, const Connection& connection) {
  v1::GetCpuProfileRequest request;
  request.set_name(name);
  const absl::StatusOr<v1::CpuProfile> profile = HostClient(connection).GetCpuProfile(request);
  if (!profile.ok()) return profile.status();
  return IdSchemeOf(*profile);
}

}  // namespace

absl::StatusOr<IdScheme> IdSchemeOf(const v1::CpuProfile& profile) { return SchemeOfKnown(profile.accelerator()); }

absl::StatusOr<IdScheme> IdSchemeOf(const v1::Source& source, const Connection& connection) {
  if (source.accelerator() == v1::ACCELERATOR_ENGINE) return IdSchemeOfProfile(source.cpu_profile(), connection);
  return SchemeOfKnown(source.accelerator());
}

absl::StatusOr<IdScheme> IdSchemeOfMachine(absl::string_view machine, const Connection& connection) {
  v1::GetMachineRequest request;
  request.set_name(std::string(machine));
  const absl::StatusOr<v1::Machine> found = EngineClient(connection).GetMachine(request);
  if (!found.ok()) return found.status();
  return IdSchemeOfProfile(found->cpu_profile(), connection);
}

}  // namespace armstate
