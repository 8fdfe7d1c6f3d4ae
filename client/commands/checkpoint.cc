#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/commands/arguments.h"
#include "client/commands/checkpoint_file.h"
#include "client/commands/commands.h"
#include "client/commands/store.h"

namespace armstate {
namespace {

struct CheckpointOptions {
  StoreOptions store;
  std::string socket;
  std::string keep_stream;
  bool leave_paused = false;
};

absl::StatusOr<ExitStatus> TakeCheckpoint(const CheckpointOptions& options, CommandContext&) {
  return absl::UnimplementedError(absl::StrCat("cannot take a checkpoint by QMP yet: ", options.socket));
}

}  // namespace

void AddCheckpointCommand(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<CheckpointOptions>();
  CLI::App* const command = app.add_subcommand(
      "checkpoint", "Pause a running QEMU, store its CPU state as the VM's next checkpoint, and go on");
  AddStoreOptions(*command, options->store);
  command->add_option("--qmp", options->socket, "QEMU's QMP socket")->type_name("SOCKET")->required();
  command->add_option("--keep-stream", options->keep_stream, "Keep QEMU's migration stream in this file")
      ->type_name("FILE");
  command->add_flag("--leave-paused", options->leave_paused, "Do not let the guest go on");
  command->footer(HelpFooter("  armstate checkpoint web-1 --qmp /run/qemu/web-1.qmp --keep-stream web-1.mig\n"));
  command->callback([options, &chosen] {
    chosen = [options](CommandContext& context) { return TakeCheckpoint(*options, context); };
  });
}

}  // namespace armstate
