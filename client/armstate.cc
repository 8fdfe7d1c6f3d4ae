#include "client/armstate.h"

#include <cerrno>
#include <sstream>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "client/commands/arguments.h"
#include "client/commands/commands.h"
#include "client/commands/error_text.h"
#include "core/nearest_name.h"

namespace armstate {
namespace {

constexpr char kVersion[] = "armstate 0.1.0";

struct GlobalOptions {
  std::string server = std::string(kDefaultTarget);
  bool use_http_proxy = false;
  std::string output = "table";
  std::string timeout = "30s";
};

std::string CheckTimeout(const std::string& text) {
  absl::Duration timeout;
  if (absl::ParseDuration(text, &timeout) && timeout > absl::ZeroDuration()) return "";
  return absl::StrCat(text, " is not a time like 30s, 500ms or 2m");
}

std::string CheckServer(const std::string& text) { return std::string(CompleteTarget(text).status().message()); }

void AddGlobalOptions(CLI::App& app, GlobalOptions& options) {
  app.add_option("--server", options.server, "Where armstated listens; without :PORT at 7443")
      ->type_name("HOST:PORT")
      ->check(CLI::Validator(CheckServer, ""))
      ->envname("ARMSTATE_SERVER")
      ->capture_default_str();
  app.add_flag("--http-proxy", options.use_http_proxy,
               "Reach it by the proxy that http_proxy names, which is not used otherwise");
  app.add_option("--output", options.output,
                 "table, or json: the API's messages, one document (watch: one a line); errors too")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"table", "json"}).description(""))
      ->capture_default_str();
  app.add_option("--timeout", options.timeout,
                 "How long a call may take, with all attempts; a backup takes as long as it needs by default")
      ->type_name("TIME")
      ->check(CLI::Validator(CheckTimeout, ""))
      ->capture_default_str();
  app.set_version_flag("--version", std::string(kVersion), "Print the version and exit");
}

void AddCommands(CLI::App& app, Command& chosen) {
  AddPushCommand(app, chosen);
  AddPullCommand(app, chosen);
  AddCheckpointCommand(app, chosen);
  AddListCommand(app, chosen);
  AddShowCommand(app, chosen);
  AddDiffCommand(app, chosen);
  AddHistoryCommand(app, chosen);
  AddSearchCommand(app, chosen);
  AddWatchCommand(app, chosen);
  AddValidateCommand(app, chosen);
  AddPlanCommand(app, chosen);
  AddTargetsCommand(app, chosen);
  AddBaselineCommand(app, chosen);
  AddReportCommand(app, chosen);
  AddRestoresCommand(app, chosen);
  AddConvertCommand(app, chosen);
  AddRestoreCommand(app, chosen);
  AddDeleteCommand(app, chosen);
  AddRetentionCommand(app, chosen);
  AddProtectCommand(app, chosen);
  AddUnprotectCommand(app, chosen);
  AddHostCommand(app, chosen);
  AddProfileCommand(app, chosen);
  AddMachineCommand(app, chosen);
  AddBackupCommand(app, chosen);
  AddStatsCommand(app, chosen);
}

// Whether errors are wanted as JSON, found without a parsed command line: that may be the error.
OutputFormat FormatOf(const std::vector<std::string>& arguments) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    const bool json = arguments[i] == "--output=json" ||
                      (arguments[i] == "--output" && i + 1 < arguments.size() && arguments[i + 1] == "json");
    if (json) return OutputFormat::kJson;
  }
  return OutputFormat::kTable;
}

// CLI11 would take what follows "--server=" for its value. The first such option, or empty.
std::string OptionWithoutValue(const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    if (absl::StartsWith(argument, "--") && argument.find('=') == argument.size() - 1) return argument;
  }
  return "";
}

// What is wrong with the command line: CLI11's words, but for a misspelt command, of which it only says that one is
// required.
std::string UsageMessage(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* innermost = &app;
  while (!innermost->get_subcommands().empty()) innermost = innermost->get_subcommands().front();
  const std::vector<std::string> rest = app.remaining(/*recurse=*/true);
  if (innermost->get_require_subcommand_min() == 0 || rest.empty()) return error.what();
  const std::vector<const CLI::App*> commands = innermost->get_subcommands([](const CLI::App*) { return true; });
  NearestName nearest(rest.front());
  for (const CLI::App* command : commands) nearest.Consider(command->get_name());
  return absl::StrCat("there is no command \"", rest.front(), "\"",
                      nearest.name().empty() ? "" : absl::StrCat("; did you mean ", nearest.name(), "?"));
}

}  // namespace

ExitStatus RunArmstate(const std::vector<std::string>& arguments, const Terminal& terminal) {
  GlobalOptions options;
  Command chosen;
  CLI::App app("Checkpoints, compares and restores the CPU state of ARM virtual machines.", "armstate");
  app.require_subcommand(1);
  app.fallthrough();  // global options may stand behind the subcommand, too
  AddGlobalOptions(app, options);
  AddCommands(app, chosen);
  app.footer(
      HelpFooter("  armstate checkpoint web-1 --qmp /run/qemu/web-1.qmp\n"
                 "  armstate validate web-1 --target qemu-7.2.virt.cortex-a57\n"
                 "  armstate COMMAND --help\n"));

  const OutputFormat format = FormatOf(arguments);
  const Palette err_palette(terminal.err_has_colors);
  if (const std::string option = OptionWithoutValue(arguments); !option.empty()) {
    const absl::Status status = UsageError(absl::StrCat(option, " has no value"));
    PrintError(status, NextStep(status, ""), format, err_palette, terminal.err);
    return ExitStatus::kUsage;
  }
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {  // CLI11 tells by exceptions
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
      app.exit(error, terminal.out, terminal.err);  // prints the help or the version
      return ExitStatus::kOk;
    }
    const absl::Status status = UsageError(UsageMessage(app, error));
    PrintError(status, NextStep(status, ""), format, err_palette, terminal.err);
    return ExitStatus::kUsage;
  }

  ConnectionOptions connection_options;
  connection_options.target = CompleteTarget(options.server).value_or(options.server);  // checked by CheckServer
  connection_options.use_http_proxy = options.use_http_proxy;
  absl::ParseDuration(options.timeout, &connection_options.call_timeout);  // checked by CheckTimeout
  // An answer is printed in whole or, where it ends in an error, not at all.
  std::ostringstream answer;
  CommandContext context{Connection(connection_options),   format,       answer,
                         Palette(terminal.out_has_colors), terminal.out, terminal.err};
  if (app.get_option("--timeout")->count() > 0) context.timeout = connection_options.call_timeout;
  const absl::StatusOr<ExitStatus> result = chosen(context);
  absl::Status status = result.status();
  if (result.ok()) {
    errno = 0;
    terminal.out << answer.str() << std::flush;
    if (terminal.out.good() || answer.str().empty()) return *result;
    if (errno == EPIPE) return ExitStatus::kError;  // the reader has read enough (`| head`)
    status = absl::DataLossError("cannot write the output");
  }
  PrintError(status, NextStep(status, connection_options.target), format, err_palette, terminal.err);
  return ExitStatusOf(status);
}

}  // namespace armstate
