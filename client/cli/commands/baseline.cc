#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/cli/commands/arguments.h"
#include "client/cli/commands/commands.h"
#include "client/cli/output/table.h"
#include "client/restore_client.h"
#include "core/register_list.h"

namespace armstate {
namespace {

struct BaselineOptions {
  std::vector<std::string> targets;
  std::string features;
};

template <typename Names>
std::string ShortNames(const Names& names) {
  return absl::StrJoin(names, ", ", [](std::string* out, const std::string& name) { *out += ShortName(name); });
}

void PrintBaseline(const v1::ComputeBaselineResponse& baseline, std::ostream& out) {
  if (!baseline.vcpu_features().empty())
    out << "vCPU features: " << absl::StrJoin(baseline.vcpu_features(), ", ") << '\n';
  Table registers({"REGISTER", "VALUE", "TO BE WRITTEN ON"});
  for (const v1::BaselineRegister& entry : baseline.registers()) {
    const std::string where = ShortNames(entry.written_on());
    registers.AddRow({entry.name(), FormatValue(entry.value()), where.empty() ? "-" : where});
  }
  registers.Print("", out);
  if (baseline.obstacles().empty()) return;
  out << "No VM can move among all of them:\n";
  Table obstacles({"REGISTER", "TARGETS", "WHY"});
  for (const v1::BaselineObstacle& entry : baseline.obstacles()) {
    obstacles.AddRow({entry.field().empty() ? entry.name() : absl::StrCat(entry.name(), ".", entry.field()),
                      ShortNames(entry.targets()), entry.reason()});
  }
  obstacles.Print("  ", out);
}

absl::StatusOr<ExitStatus> Baseline(const BaselineOptions& options, CommandContext& context) {
  v1::ComputeBaselineRequest request;
  for (const std::string& target : options.targets) {
    v1::RestoreTarget* message = request.add_targets();
    if (absl::StartsWith(target, "cpuProfiles/")) {
      message->set_cpu_profile(target);
    } else {
      message->set_host(HostNameOf(target));
    }
  }
  for (const absl::string_view feature : absl::StrSplit(options.features, ',', absl::SkipEmpty())) {
    request.add_vcpu_features(std::string(feature));
  }
  const absl::StatusOr<v1::ComputeBaselineResponse> response =
      RestoreClient(context.connection).ComputeBaseline(request);
  if (!response.ok()) return response.status();
  if (context.json()) {
    PrintJson(*response, context.out);
  } else {
    PrintBaseline(*response, context.out);
  }
  return response->obstacles().empty() ? ExitStatus::kOk : ExitStatus::kRefused;
}

}  // namespace

void AddBaselineCommand(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<BaselineOptions>();
  CLI::App* const command =
      app.add_subcommand("baseline", "Find the ID registers with which a VM can move among several KVM hosts");
  command->add_option("HOST", options->targets, "Hosts, or profiles as cpuProfiles/PROFILE")->required();
  command->add_option("--features", options->features, "vCPU features of the VM; by default those that all hosts have")
      ->type_name("FEATURE,...");
  command->footer(HelpFooter("  armstate baseline n1-host-7 a72-host-1 --features psci,pmu\n"));
  command->callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return Baseline(*options, context); }; });
}

}  // namespace armstate
