#include <memory>
#include <vector>

#include "client/checkpoint_client.h"
#include "client/cli/commands/arguments.h"
#include "client/cli/commands/commands.h"
#include "client/cli/commands/number_checks.h"
#include "client/cli/output/comparison_text.h"

namespace armstate {
namespace {

struct DiffOptions {
  std::string old_state;
  std::string new_state;
  std::vector<int> vcpus;
  bool all = false;
  bool exit_code = false;
  bool secrets = false;
};

absl::StatusOr<ExitStatus> Diff(const DiffOptions& options, CommandContext& context) {
  v1::CompareCheckpointsRequest request;
  request.set_old_checkpoint(StateNameOf(options.old_state));
  request.set_new_checkpoint(StateNameOf(options.new_state));
  request.mutable_vcpu_indexes()->Add(options.vcpus.begin(), options.vcpus.end());
  request.set_all_registers(options.all);
  request.set_include_secrets(options.secrets);
  const absl::StatusOr<v1::CompareCheckpointsResponse> comparison =
      CheckpointClient(context.connection).CompareCheckpoints(request);
  if (!comparison.ok()) return comparison.status();
  if (context.json()) {
    PrintJson(*comparison, context.out);
  } else {
    PrintComparison(*comparison, context.palette, context.out);
  }
  return options.exit_code && IsDifferent(*comparison) ? ExitStatus::kDifferent : ExitStatus::kOk;
}

}  // namespace

void AddDiffCommand(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<DiffOptions>();
  CLI::App* const command = app.add_subcommand(
      "diff", "Show which registers and fields differ between two checkpoints, or a checkpoint and a machine");
  command->add_option("OLD", options->old_state, "VM[@VERSION], the latest without @VERSION; or machines/NAME")
      ->required();
  command->add_option("NEW", options->new_state, "Like OLD; of the same VM or of another one")->required();
  command->add_option("--vcpu", options->vcpus, "Only this vCPU; may be given more than once")
      ->type_name("N")
      ->allow_extra_args(false)
      ->check(NumberFrom(0));
  command->add_flag("--all", options->all, "List equal registers too");
  AddSecretsOption(*command, options->secrets);
  command->add_flag("--exit-code", options->exit_code, "End with status 5 if anything differs, instead of 0");
  command->footer(
      HelpFooter("  armstate diff web-1@1 web-1\n"
                 "  armstate diff web-1@3 web-2@7 --vcpu 0\n"
                 "  armstate diff web-1 machines/lab --output=json\n"
                 "  armstate diff web-1@1 web-1@2 --exit-code && echo nothing changed\n"));
  command->callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return Diff(*options, context); }; });
}

}  // namespace armstate
