// `armstate machine capture` and `restore`.
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/commands/arguments.h"
#include "client/cli/commands/commands.h"
#include "client/cli/output/report_text.h"
#include "client/cli/output/text.h"
#include "client/engine_client.h"

namespace armstate {
namespace {

struct CaptureOptions {
  std::string machine;
  std::string vm;
  std::vector<std::string> labels;
  std::string request_id;
};

struct RestoreOptions {
  std::string machine;
  std::string checkpoint;
  bool keep_going = false;
  bool all = false;
};

absl::StatusOr<ExitStatus> Capture(const CaptureOptions& options, CommandContext& context) {
  const absl::StatusOr<std::map<std::string, std::string>> labels = ParseLabels(options.labels);
  if (!labels.ok()) return labels.status();
  v1::CaptureMachineRequest request;
  request.set_machine(MachineNameOf(options.machine));
  request.set_parent(VmNameOf(options.vm));
  request.mutable_labels()->insert(labels->begin(), labels->end());
  request.set_request_id(options.request_id);
  const absl::StatusOr<v1::Checkpoint> checkpoint = EngineClient(context.connection).CaptureMachine(std::move(request));
  if (!checkpoint.ok()) return checkpoint.status();
  if (context.json()) return PrintJson(*checkpoint, context.out);
  context.out << CheckpointText(*checkpoint) << '\n';
  return ExitStatus::kOk;
}

absl::StatusOr<ExitStatus> Restore(const RestoreOptions& options, CommandContext& context) {
  v1::RestoreMachineRequest request;
  request.set_machine(MachineNameOf(options.machine));
  request.set_checkpoint(CheckpointNameOf(options.checkpoint));
  request.set_keep_going(options.keep_going);
  request.set_all_registers(options.all);
  const absl::StatusOr<v1::RestoreMachineResponse> response = EngineClient(context.connection).RestoreMachine(request);
  if (!response.ok()) return response.status();
  if (context.json()) {
    PrintJson(*response, context.out);
  } else {
    PrintReport(response->report(), absl::StrCat(response->checkpoint(), " into ", request.machine()), context.palette,
                context.out);
  }
  return ExitStatusOf(response->report());
}

}  // namespace

void AddMachineCaptureCommand(CLI::App& machine, Command& chosen) {
  auto options = std::make_shared<CaptureOptions>();
  CLI::App* const command = machine.add_subcommand("capture", "Store a machine's state as the next checkpoint of a VM");
  command->add_option("MACHINE", options->machine, "The machine")->required();
  command->add_option("VM", options->vm, "The VM")->required();
  command->add_option("--label", options->labels, "A label; may be given more than once")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command->add_option("--request-id", options->request_id, "Makes a repeated command safe. Random by default")
      ->type_name("ID");
  command->footer(HelpFooter("  armstate machine capture m1 web-1 --label from=engine\n"));
  command->callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return Capture(*options, context); }; });
}

void AddMachineRestoreCommand(CLI::App& machine, Command& chosen) {
  auto options = std::make_shared<RestoreOptions>();
  CLI::App* const command =
      machine.add_subcommand("restore", "Restore a checkpoint into a machine: all of it, or nothing");
  command->add_option("MACHINE", options->machine, "The machine")->required();
  command->add_option("VM[@VERSION]", options->checkpoint, "The checkpoint; the latest without @VERSION")->required();
  command->add_flag("--keep-going", options->keep_going, "Keep the accepted registers even if one is refused");
  command->add_flag("--all", options->all, "Also show the registers that were restored unchanged");
  command->footer(HelpFooter("  armstate machine restore m1 web-1@3\n"));
  command->callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return Restore(*options, context); }; });
}

}  // namespace armstate
