// `VmNameOf` and the other functions here convert arguments that several subcommands have.
#ifndef ARMSTATE_CLIENT_CLI_COMMANDS_ARGUMENTS_H_
#define ARMSTATE_CLIENT_CLI_COMMANDS_ARGUMENTS_H_

#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace armstate {

// A user writes the last part of a resource name, or all of it. The names are not checked: the server does that.
//   VmNameOf("web-1")                  "vms/web-1"
//   CheckpointNameOf("web-1")          "vms/web-1/checkpoints/latest"
//   CheckpointNameOf("web-1@3")        "vms/web-1/checkpoints/3"
//   StateNameOf("machines/m")        "machines/m"; anything else is as CheckpointNameOf
//   CpuProfileNameOf("cpuProfiles/p")  "cpuProfiles/p"
std::string VmNameOf(absl::string_view argument);
std::string CheckpointNameOf(absl::string_view argument);
std::string StateNameOf(absl::string_view argument);
std::string CpuProfileNameOf(absl::string_view argument);
std::string MachineNameOf(absl::string_view argument);
std::string HostNameOf(absl::string_view argument);

// True if the argument names a version, also `latest`.
bool NamesVersion(absl::string_view argument);

// The last part of a resource name, as users write it: "web-1" of "vms/web-1".
std::string ShortName(absl::string_view name);

// "KEY=VALUE" ... A usage error if one has no '=' or a key comes twice.
absl::StatusOr<std::map<std::string, std::string>> ParseLabels(const std::vector<std::string>& labels);

// The text below a subcommand's options: examples (lines), and what the exit statuses mean.
std::string HelpFooter(absl::string_view examples);

// `--secrets`, which asks for the values of secret registers.
void AddSecretsOption(CLI::App& command, bool& secrets);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_CLI_COMMANDS_ARGUMENTS_H_
