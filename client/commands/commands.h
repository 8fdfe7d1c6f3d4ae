// The subcommands of `armstate`. Each function adds one to `app`; when the command line names it, `chosen` is set to
// what it does.
#ifndef ARMSTATE_CLIENT_COMMANDS_COMMANDS_H_
#define ARMSTATE_CLIENT_COMMANDS_COMMANDS_H_

#include "CLI/CLI.hpp"
#include "client/commands/command.h"

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
void AddStatsCommand(CLI::App& app, Command& chosen);
void AddProfileCommand(CLI::App& app, Command& chosen);
void AddMachineCommand(CLI::App& app, Command& chosen);
void AddHostCommand(CLI::App& app, Command& chosen);

// Of `machine`: those that deal with registers.
void AddMachineReadCommand(CLI::App& machine, Command& chosen);
void AddMachineWriteCommand(CLI::App& machine, Command& chosen);
void AddMachineCaptureCommand(CLI::App& machine, Command& chosen);
void AddMachineRestoreCommand(CLI::App& machine, Command& chosen);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_COMMANDS_COMMANDS_H_
