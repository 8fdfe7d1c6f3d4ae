#include <memory>

#include "absl/strings/str_cat.h"
#include "client/checkpoint_client.h"
#include "client/cli/commands/arguments.h"
#include "client/cli/commands/commands.h"
#include "google/protobuf/empty.pb.h"

namespace armstate {
namespace {

struct DeleteOptions {
  std::string what;
  bool all = false;
  bool force = false;
};

absl::Status DeleteOne(const std::string& name, const CheckpointClient& client) {
  v1::DeleteCheckpointRequest request;
  request.set_name(name);
  return client.DeleteCheckpoint(request);
}

absl::Status DeleteVm(const std::string& name, const DeleteOptions& options, const CheckpointClient& client) {
  v1::DeleteVmRequest request;
  request.set_name(name);
  request.set_delete_protected(options.force);
  return client.DeleteVm(request);
}

absl::StatusOr<ExitStatus> Delete(const DeleteOptions& options, CommandContext& context) {
  const bool one = NamesVersion(options.what);
  if (one && options.all) return UsageError("--all deletes a whole VM: leave out the version");
  if (!one && !options.all) {
    return UsageError(absl::StrCat(
        "'delete ", options.what,
        "' would delete the VM with all its checkpoints: say --all, or name one: ", options.what, "@VERSION"));
  }
  if (one && options.force) {
    return UsageError(absl::StrCat("--force is for whole VMs; 'armstate unprotect ", options.what,
                                   "' lifts the protection of a checkpoint"));
  }
  const CheckpointClient client(context.connection);
  const std::string name = one ? CheckpointNameOf(options.what) : VmNameOf(options.what);
  const absl::Status deleted = one ? DeleteOne(name, client) : DeleteVm(name, options, client);
  if (!deleted.ok()) return deleted;
  if (context.json()) return PrintJson(google::protobuf::Empty(), context.out);
  context.out << name << ": deleted\n";
  return ExitStatus::kOk;
}

}  // namespace

void AddDeleteCommand(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<DeleteOptions>();
  CLI::App* const command = app.add_subcommand("delete", "Delete a checkpoint, or a VM with all its checkpoints");
  command->add_option("VM[@VERSION]", options->what, "The checkpoint, or with --all the VM")->required();
  command->add_flag("--all,--yes", options->all,
                    "Delete the VM with all its checkpoints; --yes is another name for it");
  command->add_flag("--force", options->force, "With --all: also if it has protected checkpoints");
  command->footer(
      HelpFooter("  armstate delete web-1@3\n"
                 "  armstate delete web-1 --all\n"
                 "  armstate delete web-1 --all --force\n"));
  command->callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return Delete(*options, context); }; });
}

}  // namespace armstate
