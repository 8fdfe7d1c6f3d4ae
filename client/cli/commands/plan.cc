#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/commands/arguments.h"
#include "client/cli/commands/commands.h"
#include "client/cli/commands/target_options.h"
#include "client/cli/output/report_text.h"
#include "client/cli/output/table.h"
#include "client/restore_client.h"
#include "core/catalog.h"
#include "core/register_list.h"

namespace armstate {
namespace {

struct PlanOptions {
  std::string checkpoint;
  TargetOptions target;
  ToleranceOptions tolerances;
  bool secrets = false;
};

void PrintVcpuPlan(const v1::VcpuRestorePlan& plan, std::ostream& out) {
  out << "vCPU " << plan.vcpu_index() << '\n';
  Table writes({"PHASE", "REGISTER", "VALUE"});
  for (const v1::PlannedWrite& write : plan.writes()) {
    writes.AddRow({absl::StrCat(write.phase()), write.name(),
                   write.is_redacted() ? std::string(kRedacted) : FormatValue(write.value())});
  }
  writes.Print("  ", out);
  Table omissions({"NOT WRITTEN", "WHY"});
  for (const v1::PlanOmission& omission : plan.omissions()) omissions.AddRow({omission.name(), omission.reason()});
  omissions.Print("  ", out);
}

absl::StatusOr<ExitStatus> Plan(const PlanOptions& options, CommandContext& context) {
  v1::PlanRestoreRequest request;
  request.set_checkpoint(CheckpointNameOf(options.checkpoint));
  *request.mutable_target() = TargetOf(options.target);
  const absl::Status tolerances = ReadTolerances(options.tolerances, *request.mutable_tolerances());
  if (!tolerances.ok()) return tolerances;
  request.set_ignore_server_tolerances(options.tolerances.strict);
  request.set_include_secrets(options.secrets);
  const absl::StatusOr<v1::PlanRestoreResponse> response = RestoreClient(context.connection).PlanRestore(request);
  if (!response.ok()) return response.status();
  if (context.json()) {
    PrintJson(*response, context.out);
    return ExitStatusOf(response->report());
  }
  Table phases({"PHASE", "NAME", "WHY HERE"});
  for (const v1::RestorePhase& phase : response->phases()) {
    phases.AddRow({absl::StrCat(phase.phase()), phase.name(), phase.reason()});
  }
  phases.Print("", context.out);
  for (const v1::VcpuRestorePlan& vcpu : response->vcpus()) PrintVcpuPlan(vcpu, context.out);
  PrintReport(response->report(), absl::StrCat(response->checkpoint(), " on ", TargetName(request.target())),
              context.palette, context.out);
  return ExitStatusOf(response->report());
}

}  // namespace

void AddPlanCommand(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<PlanOptions>();
  CLI::App* const command =
      app.add_subcommand("plan", "Show the writes, in order, that restore a checkpoint on a target");
  command->add_option("VM[@VERSION]", options->checkpoint, "The checkpoint; the latest without @VERSION")->required();
  AddTargetOptions(*command, CheckpointTarget::kAllowed, options->target);
  AddToleranceOptions(*command, options->tolerances);
  AddSecretsOption(*command, options->secrets);
  command->footer(HelpFooter("  armstate plan web-1 --host n1-host-7\n"));
  command->callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return Plan(*options, context); }; });
}

}  // namespace armstate
