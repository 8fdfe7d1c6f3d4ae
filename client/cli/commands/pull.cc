#include <memory>

#include "client/checkpoint_client.h"
#include "client/cli/commands/arguments.h"
#include "client/cli/commands/commands.h"
#include "client/cli/files/checkpoint_json.h"
#include "client/files/output_file.h"

namespace armstate {
namespace {

struct PullOptions {
  std::string checkpoint;
  std::string file;
  bool force = false;
};

absl::StatusOr<ExitStatus> Pull(const PullOptions& options, CommandContext& context) {
  v1::GetCheckpointRequest request;
  request.set_name(CheckpointNameOf(options.checkpoint));
  request.set_view(v1::CHECKPOINT_VIEW_FULL);
  request.set_include_secrets(true);
  const absl::StatusOr<v1::Checkpoint> checkpoint = CheckpointClient(context.connection).GetCheckpoint(request);
  if (!checkpoint.ok()) return checkpoint.status();
  const std::string text = CheckpointJson(*checkpoint);
  if (options.file == "-") {
    context.out << text;
    return ExitStatus::kOk;
  }
  absl::StatusOr<OutputFile> file =
      OutputFile::Create(options.file, options.force ? IfExists::kReplace : IfExists::kRefuse);
  if (!file.ok()) return file.status();
  file->Append(text);
  const absl::Status written = file->Commit();
  if (!written.ok()) return written;
  if (!context.json()) {
    context.out << options.file << ": " << checkpoint->name() << '\n';
    return ExitStatus::kOk;
  }
  v1::Checkpoint basic = *checkpoint;
  basic.clear_vcpus();
  return PrintJson(basic, context.out);
}

}  // namespace

void AddPullCommand(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<PullOptions>();
  CLI::App* const command =
      app.add_subcommand("pull", "Write a checkpoint to a file as JSON of armstate.v1.Checkpoint");
  command->add_option("VM[@VERSION]", options->checkpoint, "The checkpoint; the latest without @VERSION")->required();
  command->add_option("--out", options->file, "The file to write; - is standard output")->type_name("FILE")->required();
  command->add_flag("--force", options->force, "Replace the file if it exists");
  command->footer(HelpFooter("  armstate pull web-1@3 --out web-1.json\n  armstate pull web-1 --out - | jq .source\n"));
  command->callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return Pull(*options, context); }; });
}

}  // namespace armstate
