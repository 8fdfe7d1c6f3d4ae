#include "client/cli/commands/arguments.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/output/user_error.h"

namespace armstate {
namespace {

std::string NameOf(absl::string_view collection, absl::string_view argument) {
  if (absl::StartsWith(argument, collection)) return std::string(argument);
  return absl::StrCat(collection, argument);
}

}  // namespace

std::string VmNameOf(absl::string_view argument) { return NameOf("vms/", argument); }

std::string CheckpointNameOf(absl::string_view argument) {
  if (absl::StrContains(argument, "/checkpoints/")) return std::string(argument);
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(argument, absl::MaxSplits('@', 1));
  return absl::StrCat(VmNameOf(parts.first), "/checkpoints/", NamesVersion(argument) ? parts.second : "latest");
}

std::string StateNameOf(absl::string_view argument) {
  return absl::StartsWith(argument, "machines/") ? std::string(argument) : CheckpointNameOf(argument);
}

std::string CpuProfileNameOf(absl::string_view argument) { return NameOf("cpuProfiles/", argument); }

std::string MachineNameOf(absl::string_view argument) { return NameOf("machines/", argument); }

std::string HostNameOf(absl::string_view argument) { return NameOf("hosts/", argument); }

bool NamesVersion(absl::string_view argument) {
  return absl::StrContains(argument, '@') || absl::StrContains(argument, "/checkpoints/");
}

std::string ShortName(absl::string_view name) { return std::string(name.substr(name.rfind('/') + 1)); }

absl::StatusOr<std::map<std::string, std::string>> ParseLabels(const std::vector<std::string>& labels) {
  std::map<std::string, std::string> parsed;
  for (const std::string& label : labels) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(label, absl::MaxSplits('=', 1));
    if (!absl::StrContains(label, '=')) return UsageError(absl::StrCat("--label ", label, " is not KEY=VALUE"));
    if (!parsed.insert(parts).second) return UsageError(absl::StrCat("--label ", parts.first, " is there twice"));
  }
  return parsed;
}

void AddSecretsOption(CLI::App& command, bool& secrets) {
  command.add_flag("--secrets", secrets,
                   "Show the values of secret registers, such as the keys of pointer authentication, too; needs the "
                   "permission READ_SECRETS where the server has a policy");
}

std::string HelpFooter(absl::string_view examples) {
  return absl::StrCat(
      "Examples:\n", examples,
      "\nExit status:\n"
      "  0  success; validate, restore: accepted\n"
      "  1  error: not found, malformed, cannot be written ...\n"
      "  2  invalid command line or environment\n"
      "  3  refused: the target does not accept the checkpoint or a register, or it is not known whether it does\n"
      "  4  the server or QEMU did not answer (in time); the same command may succeed later\n"
      "  5  different: diff --exit-code found a difference");
}

}  // namespace armstate
