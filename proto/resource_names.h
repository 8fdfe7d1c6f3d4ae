// This header parses and formats resource names: "vms/{vm}", "vms/{vm}/checkpoints/{version}", "cpuProfiles/{profile}",
// "machines/{machine}", "hosts/{host}".
//
// {vm}, {profile}, {machine} and {host} are [A-Za-z0-9][A-Za-z0-9._-]{0,127}; {version} is 1, 2, 3 ... without leading
// zeros, or "latest". All errors are INVALID_ARGUMENT, reason RESOURCE_NAME_INVALID, with metadata "name" and
// "expected".
#ifndef ARMSTATE_PROTO_RESOURCE_NAMES_H_
#define ARMSTATE_PROTO_RESOURCE_NAMES_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace armstate {

struct CheckpointName {
  std::string vm;
  // Unset for `latest`.
  absl::optional<int64_t> version;
};

// Each function returns the ID within the name: "vms/web-1" -> "web-1".
absl::StatusOr<std::string> ParseVmName(absl::string_view name);
absl::StatusOr<std::string> ParseCpuProfileName(absl::string_view name);
absl::StatusOr<std::string> ParseMachineName(absl::string_view name);
absl::StatusOr<std::string> ParseHostName(absl::string_view name);
absl::StatusOr<CheckpointName> ParseCheckpointName(absl::string_view name);

// The inverse functions, which do not validate.
std::string FormatVmName(absl::string_view vm);
std::string FormatCpuProfileName(absl::string_view profile);
std::string FormatMachineName(absl::string_view machine);
std::string FormatHostName(absl::string_view host);
std::string FormatCheckpointName(absl::string_view vm, absl::optional<int64_t> version);

}  // namespace armstate

#endif  // ARMSTATE_PROTO_RESOURCE_NAMES_H_
