// `AddPushCommand` and its like add the subcommands of `armstate` to the parser `app`. When the command line names the
// subcommand, `chosen` becomes the function that runs it.
#ifndef ARMSTATE_CLIENT_CLI_COMMANDS_COMMANDS_H_
#define ARMSTATE_CLIENT_CLI_COMMANDS_COMMANDS_H_

#include <string>

#include "CLI/CLI.hpp"
#include "client/cli/commands/command.h"

namespace armstate {

void AddPushCommand(CLI::App& app, Command& chosen);
void AddPullCommand(CLI::App& app, Command& chosen);
void AddCheckpointCommand(CLI::App& app, Command& chosen);
void AddListCommand(CLI::App& app, Command& chosen);
void AddShowCommand(CLI::App& app, Command& chosen);
void AddValidateCommand(CLI::App& app, Command& chosen);
void AddPlanCommand(CLI::App& app, Command& chosen);
void AddTargetsCommand(CLI::App& app, Command& chosen);
void AddBaselineCommand(CLI::App& app, Command& chosen);
void AddReportCommand(CLI::App& app, Command& chosen);
void AddRestoresCommand(CLI::App& app, Command& chosen);
void AddConvertCommand(CLI::App& app, Command& chosen);
void AddRestoreCommand(CLI::App& app, Command& chosen);
void AddDeleteCommand(CLI::App& app, Command& chosen);
void AddDiffCommand(CLI::App& app, Command& chosen);
void AddHistoryCommand(CLI::App& app, Command& chosen);
void AddSearchCommand(CLI::App& app, Command& chosen);
void AddWatchCommand(CLI::App& app, Command& chosen);
void AddRetentionCommand(CLI::App& app, Command& chosen);
void AddProtectCommand(CLI::App& app, Command& chosen);
void AddUnprotectCommand(CLI::App& app, Command& chosen);
void AddBackupCommand(CLI::App& app, Command& chosen);
void AddHealthCommand(CLI::App& app, Command& chosen);
void AddRotateKeyCommand(CLI::App& app, Command& chosen);
void AddStatsCommand(CLI::App& app, Command& chosen);
void AddProfileCommand(CLI::App& app, Command& chosen);
void AddMachineCommand(CLI::App& app, Command& chosen);
void AddHostCommand(CLI::App& app, Command& chosen);
void AddVersionCommand(CLI::App& app, Command& chosen);
void AddHelpCommand(CLI::App& app, Command& chosen);

// The message for a subcommand that `parent` does not have; it proposes the nearest one.
std::string UnknownCommand(const CLI::App& parent, const std::string& name);

// The subcommands of `machine` that read and write registers.
void AddMachineReadCommand(CLI::App& machine, Command& chosen);
void AddMachineWriteCommand(CLI::App& machine, Command& chosen);
void AddMachineCaptureCommand(CLI::App& machine, Command& chosen);
void AddMachineRestoreCommand(CLI::App& machine, Command& chosen);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_CLI_COMMANDS_COMMANDS_H_
