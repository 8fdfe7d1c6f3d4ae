#include <memory>
#include <utility>

#include "client/commands/arguments.h"
#include "client/commands/checkpoint_file.h"
#include "client/commands/commands.h"
#include "client/commands/store.h"
#include "client/files/input_file.h"
#include "core/error.h"

namespace armstate {
namespace {

struct PushOptions {
  StoreOptions store;
  std::string file;
};

absl::StatusOr<ExitStatus> Push(const PushOptions& options, CommandContext& context) {
  absl::StatusOr<LoadedCheckpointFile> loaded;
  {
    const absl::StatusOr<InputFile> file = InputFile::Open(options.file);
    if (!file.ok()) return file.status();
    loaded = LoadCheckpointFile(file->bytes());
  }
  if (!loaded.ok()) return Annotate(loaded.status(), options.file);
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
          "A QEMU migration stream, a dump of QEMU's device states, or JSON as `armstate pull` writes it; - is "
          "standard input")
      ->required();
  command->footer(
      HelpFooter("  armstate push web-1 web-1.mig --cpu-model cortex-a57\n"
                 "  armstate push web-1 web-1.json --label reason=upgrade --expected-version 3\n"));
  command->callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return Push(*options, context); }; });
}

}  // namespace armstate
