#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/commands/arguments.h"
#include "client/cli/commands/commands.h"
#include "core/nearest_name.h"

namespace armstate {
namespace {

CLI::App* FindCommand(CLI::App& parent, const std::string& name) {
  for (CLI::App* const command : parent.get_subcommands([](CLI::App*) { return true; })) {
    if (command->check_name(name)) return command;
  }
  return nullptr;
}

absl::StatusOr<ExitStatus> Help(CLI::App& app, const std::vector<std::string>& names, CommandContext& context) {
  CLI::App* command = &app;
  std::string parents;  // of `command`, for its usage line
  for (const std::string& name : names) {
    CLI::App* const next = FindCommand(*command, name);
    if (next == nullptr) return UsageError(UnknownCommand(*command, name));
    parents += (parents.empty() ? "" : " ") + command->get_name();
    command = next;
  }
  context.out << app.get_formatter()->make_help(
      command, absl::StrCat(parents, parents.empty() ? "" : " ", command->get_name()), CLI::AppFormatMode::Normal);
  return ExitStatus::kOk;
}

}  // namespace

std::string UnknownCommand(const CLI::App& parent, const std::string& name) {
  NearestName nearest(name);
  for (const CLI::App* command : parent.get_subcommands([](const CLI::App*) { return true; })) {
    nearest.Consider(command->get_name());
  }
  return absl::StrCat("there is no command \"", name, "\"",
                      nearest.name().empty() ? "" : absl::StrCat("; did you mean ", nearest.name(), "?"));
}

void AddHelpCommand(CLI::App& app, Command& chosen) {
  auto names = std::make_shared<std::vector<std::string>>();
  CLI::App* const command = app.add_subcommand("help", "Describe a command and its options");
  command->add_option("COMMAND", *names, "The command, e.g. push, or machine create; without it, armstate itself")
      ->type_name("");
  command->footer(HelpFooter("  armstate help\n  armstate help machine create\n"));
  command->callback([names, &app, &chosen] {
    chosen = [names, &app](CommandContext& context) { return Help(app, *names, context); };
  });
}

}  // namespace armstate
