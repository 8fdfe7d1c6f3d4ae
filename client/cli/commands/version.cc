#include "core/version.h"

#include "client/cli/commands/arguments.h"
#include "client/cli/commands/commands.h"
#include "google/protobuf/struct.pb.h"

namespace armstate {

void AddVersionCommand(CLI::App& app, Command& chosen) {
  CLI::App* const command = app.add_subcommand("version", "Print the version of this program");
  command->footer(HelpFooter("  armstate version\n"));
  command->callback([&chosen] {
    chosen = [](CommandContext& context) -> absl::StatusOr<ExitStatus> {
      if (!context.json()) {
        context.out << "armstate " << kVersion << '\n';
        return ExitStatus::kOk;
      }
      google::protobuf::Struct version;
      (*version.mutable_fields())["version"].set_string_value(kVersion);
      return PrintJson(version, context.out);
    };
  });
}

}  // namespace armstate
