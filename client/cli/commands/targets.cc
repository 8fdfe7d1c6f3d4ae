#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "client/cli/commands/arguments.h"
#include "client/cli/commands/commands.h"
#include "client/cli/commands/target_options.h"
#include "client/cli/output/table.h"
#include "client/host_client.h"
#include "client/restore_client.h"
#include "core/cpu_list.h"
#include "proto/enum_name.h"

namespace armstate {
namespace {

struct TargetsOptions {
  std::string checkpoint;
  std::vector<std::string> labels;
  ToleranceOptions tolerances;
  bool accepting = false;
};

bool Accepts(const v1::RestoreTargetVerdict& target) {
  return target.verdict() == v1::VERDICT_ACCEPTED || target.verdict() == v1::VERDICT_ACCEPTED_WITH_CHANGES;
}

// `verdict` is that of a host or of one kind of its cores.
template <typename Verdict>
void AddVerdict(std::string name, const Verdict& verdict, Table& table) {
  table.AddRow({std::move(name), absl::StrReplaceAll(EnumName(verdict.verdict()), {{"_", " "}}),
                absl::StrCat(verdict.refused_count()), absl::StrCat(verdict.changed_count()), verdict.reason()});
}

absl::StatusOr<bool> AnyHostIsRegistered(const Connection& connection) {
  const absl::StatusOr<std::vector<v1::Host>> hosts = HostClient(connection).ListHosts();
  if (!hosts.ok()) return hosts.status();
  return !hosts->empty();
}

absl::StatusOr<ExitStatus> FindTargets(const TargetsOptions& options, CommandContext& context) {
  v1::FindRestoreTargetsRequest request;
  request.set_checkpoint(CheckpointNameOf(options.checkpoint));
  const auto labels = ParseLabels(options.labels);
  if (!labels.ok()) return labels.status();
  request.mutable_labels()->insert(labels->begin(), labels->end());
  request.set_accepting_only(options.accepting);
  request.set_ignore_server_tolerances(options.tolerances.strict);
  const absl::Status tolerances = ReadTolerances(options.tolerances, *request.mutable_tolerances());
  if (!tolerances.ok()) return tolerances;
  const absl::StatusOr<v1::FindRestoreTargetsResponse> response =
      RestoreClient(context.connection).FindRestoreTargets(request);
  if (!response.ok()) return response.status();
  // The best target comes first. Without hosts there is no refusal.
  bool any_host = !response->targets().empty();
  if (!any_host) {
    const absl::StatusOr<bool> registered = AnyHostIsRegistered(context.connection);
    if (!registered.ok()) return registered.status();
    any_host = *registered;
  }
  const bool found = !response->targets().empty() && Accepts(response->targets(0));
  const ExitStatus status = found || !any_host ? ExitStatus::kOk : ExitStatus::kRefused;
  if (context.json()) {
    PrintJson(*response, context.out);
    return status;
  }
  Table table({"HOST", "VERDICT", "REFUSED", "CHANGED", "WHY"});
  for (const v1::RestoreTargetVerdict& target : response->targets()) {
    AddVerdict(ShortName(target.host()), target, table);
    for (int i = 1; i < target.core_kinds_size(); ++i) {  // the host's verdict is that of the first kind
      const v1::CoreKindVerdict& kind = target.core_kinds(i);
      AddVerdict(absl::StrCat("  on ", CoresText(kind.cpus(), kind.cpu_model())), kind, table);
    }
  }
  table.Print("", context.out);
  if (!any_host) {
    context.out << "no host is registered; 'armstate host create' registers one\n";
  } else if (table.empty()) {
    context.out << "no host" << (options.labels.empty() ? "" : " with these labels")
                << (options.accepting ? " accepts " : " for ") << response->checkpoint() << '\n';
  }
  return status;
}

}  // namespace

void AddTargetsCommand(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<TargetsOptions>();
  CLI::App* const command =
      app.add_subcommand("targets", "List the hosts by how well a checkpoint can be restored there");
  command->add_option("VM[@VERSION]", options->checkpoint, "The checkpoint; the latest without @VERSION")->required();
  command->add_option("--label", options->labels, "Only hosts with this label; may be repeated")
      ->type_name("KEY=VALUE");
  command->add_flag("--accepting", options->accepting, "Only hosts that accept the checkpoint");
  AddToleranceOptions(*command, options->tolerances);
  command->footer(HelpFooter("  armstate targets web-1 --label zone=a --accepting\n"));
  command->callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return FindTargets(*options, context); }; });
}

}  // namespace armstate
