#include <memory>

#include "client/checkpoint_client.h"
#include "client/cli/commands/arguments.h"
#include "client/cli/commands/commands.h"

namespace armstate {
namespace {

enum class Protection { kProtect, kLift };

absl::StatusOr<ExitStatus> Protect(const std::string& checkpoint, Protection protection, CommandContext& context) {
  v1::UpdateCheckpointRequest request;
  request.mutable_checkpoint()->set_name(CheckpointNameOf(checkpoint));
  request.mutable_checkpoint()->set_is_protected(protection == Protection::kProtect);
  request.mutable_update_mask()->add_paths("is_protected");
  const absl::StatusOr<v1::Checkpoint> changed = CheckpointClient(context.connection).UpdateCheckpoint(request);
  if (!changed.ok()) return changed.status();
  if (context.json()) return PrintJson(*changed, context.out);
  context.out << changed->name() << (changed->is_protected() ? ": protected\n" : ": not protected\n");
  return ExitStatus::kOk;
}

void AddCommand(CLI::App& app, const std::string& name, const std::string& description, Protection protection,
                Command& chosen) {
  auto checkpoint = std::make_shared<std::string>();
  CLI::App* const command = app.add_subcommand(name, description);
  command->add_option("VM@VERSION", *checkpoint, "The checkpoint")->required();
  command->footer(HelpFooter("  armstate " + name + " web-1@3\n"));
  command->callback([checkpoint, protection, &chosen] {
    chosen = [checkpoint, protection](CommandContext& context) { return Protect(*checkpoint, protection, context); };
  });
}

}  // namespace

void AddProtectCommand(CLI::App& app, Command& chosen) {
  AddCommand(app, "protect", "Protect a checkpoint: neither 'delete' nor retention takes it away", Protection::kProtect,
             chosen);
}

void AddUnprotectCommand(CLI::App& app, Command& chosen) {
  AddCommand(app, "unprotect", "Lift the protection of a checkpoint; retention may delete it then", Protection::kLift,
             chosen);
}

}  // namespace armstate
