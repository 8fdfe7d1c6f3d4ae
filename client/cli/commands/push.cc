#include <memory>
#include <utility>

#include "client/cli/commands/arguments.h"
#include "client/cli/commands/commands.h"
#include "client/cli/commands/state_file_options.h"
#include "client/cli/commands/store.h"
#include "client/cli/files/checkpoint_file.h"

namespace armstate {
namespace {

struct PushOptions {
  StoreOptions store;
  std::string file;
  StateFileOptions state_file;
};

absl::StatusOr<ExitStatus> Push(const PushOptions& options, CommandContext& context) {
  absl::StatusOr<LoadedCheckpointFile> loaded = LoadCheckpointFile(options.file, options.state_file);
  if (!loaded.ok()) return loaded.status();
  return Store(std::move(loaded->checkpoint), loaded->notes, options.store, context);
}

}  // namespace

void AddPushCommand(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<PushOptions>();
  CLI::App* const command = app.add_subcommand("push", "Store the CPU state in a file as a VM's next checkpoint");
  AddStoreOptions(*command, options->store);
  command
      ->add_option(
          "FILE", options->file,
          "A QEMU migration stream, also packed (gzip, bzip2, xz, zstd), a libvirt save image, a qcow2 image with an "
          "internal snapshot, a dump of QEMU's device states, or JSON as `armstate pull` writes it; - is standard "
          "input")
      ->required();
  AddStateFileOptions(*command, options->state_file);
  command->footer(
      HelpFooter("  armstate push web-1 web-1.mig --cpu-model cortex-a57\n"
                 "  armstate push web-1 /var/lib/libvirt/qemu/save/web-1.save\n"
                 "  armstate push web-1 web-1.qcow2 --snapshot before-upgrade\n"
                 "  armstate push web-1 web-1.json --label reason=upgrade --expected-version 3\n"));
  command->callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return Push(*options, context); }; });
}

}  // namespace armstate
