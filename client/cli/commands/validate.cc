#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/commands/arguments.h"
#include "client/cli/commands/commands.h"
#include "client/cli/commands/target_options.h"
#include "client/cli/output/report_text.h"
#include "client/restore_client.h"

namespace armstate {
namespace {

struct ValidateOptions {
  std::string checkpoint;
  TargetOptions target;
  ToleranceOptions tolerances;
  v1::Restorer by = v1::RESTORER_ARMSTATE;
  bool all = false;
  bool details = false;
  bool secrets = false;
};

absl::StatusOr<ExitStatus> Validate(const ValidateOptions& options, CommandContext& context) {
  v1::ValidateCheckpointRequest request;
  request.set_checkpoint(CheckpointNameOf(options.checkpoint));
  *request.mutable_target() = TargetOf(options.target);
  const absl::Status tolerances = ReadTolerances(options.tolerances, *request.mutable_tolerances());
  if (!tolerances.ok()) return tolerances;
  request.set_ignore_server_tolerances(options.tolerances.strict);
  request.set_all_registers(options.all);
  request.set_by(options.by);
  request.set_include_secrets(options.secrets);
  const absl::StatusOr<v1::ValidateCheckpointResponse> response =
      RestoreClient(context.connection).ValidateCheckpoint(request);
  if (!response.ok()) return response.status();
  if (context.json()) {
    PrintJson(*response, context.out);
  } else {
    PrintReport(response->report(), absl::StrCat(response->checkpoint(), " on ", TargetName(request.target())),
                context.palette, context.out,
                options.all || options.details ? ReportDetail::kEveryRegister : ReportDetail::kSummary);
  }
  return ExitStatusOf(response->report());
}

}  // namespace

void AddValidateCommand(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<ValidateOptions>();
  CLI::App* const command =
      app.add_subcommand("validate", "Ask whether a target accepts a checkpoint, and if not, why");
  command->add_option("VM[@VERSION]", options->checkpoint, "The checkpoint; the latest without @VERSION")->required();
  AddTargetOptions(*command, CheckpointTarget::kAllowed, options->target);
  AddToleranceOptions(*command, options->tolerances);
  AddSecretsOption(*command, options->secrets);
  AddRestorerOption(*command, options->by);
  command->add_flag("--details", options->details,
                    "Show every register that is refused or changed, not only causes and what has none");
  command->add_flag("--all", options->all, "Also show the registers that are restored unchanged");
  command->footer(
      HelpFooter("  armstate validate web-1 --host n1-host-7\n"
                 "  armstate validate web-1 --host n1-host-7 --by qemu\n"
                 "  armstate validate web-1 --target qemu-7.2.virt.cortex-a57\n"
                 "  armstate validate web-1@3 --like web-2\n"));
  command->callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return Validate(*options, context); }; });
}

}  // namespace armstate
