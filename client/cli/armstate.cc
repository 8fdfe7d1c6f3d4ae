#include "client/cli/armstate.h"

#include <cerrno>
#include <cstdlib>
#include <sstream>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "client/cli/commands/arguments.h"
#include "client/cli/commands/commands.h"
#include "client/cli/output/error_text.h"
#include "core/version.h"

namespace armstate {
namespace {

struct GlobalOptions {
  std::string server = std::string(kDefaultTarget);
  bool use_http_proxy = false;
  std::string tls_ca = {};
  std::string tls_certificate = {};
  std::string tls_key = {};
  std::string output = "table";
  std::string timeout = "30s";
};

std::string CheckTimeout(const std::string& text) {
  absl::Duration timeout;
  if (absl::ParseDuration(text, &timeout) && timeout > absl::ZeroDuration()) return "";
  return absl::StrCat(text, " is not a time like 30s, 500ms or 2m");
}

std::string CheckServer(const std::string& text) { return std::string(CompleteTarget(text).status().message()); }

std::string CheckNotEmpty(const std::string& text) { return text.empty() ? "is empty" : ""; }

std::string CheckOutput(const std::string& text) {
  if (text == "table" || text == "json") return "";
  return absl::StrCat(text, " is not an output format (table, json); --out names a file to write");
}

// An option whose default comes from the environment.
struct EnvironmentOption {
  const char* variable;
  const char* option;
  std::string GlobalOptions::*value;
  std::string (*check)(const std::string& text);
};

constexpr EnvironmentOption kEnvironment[] = {
    {"ARMSTATE_SERVER", "--server", &GlobalOptions::server, CheckServer},
    {"ARMSTATE_TLS_CA", "--tls-ca", &GlobalOptions::tls_ca, CheckNotEmpty},
    {"ARMSTATE_TLS_CERTIFICATE", "--tls-certificate", &GlobalOptions::tls_certificate, CheckNotEmpty},
    {"ARMSTATE_TLS_KEY", "--tls-key", &GlobalOptions::tls_key, CheckNotEmpty},
    {"ARMSTATE_OUTPUT", "--output", &GlobalOptions::output, CheckOutput},
    {"ARMSTATE_TIMEOUT", "--timeout", &GlobalOptions::timeout, CheckTimeout},
};

// The variable's value; empty if it is not set.
std::string FromEnvironment(const char* variable) {
  const char* const value = std::getenv(variable);
  return value == nullptr ? "" : value;
}

// Fills in what the command line leaves out. A usage error names the variable.
absl::Status ApplyEnvironment(const CLI::App& app, GlobalOptions& options) {
  for (const EnvironmentOption& entry : kEnvironment) {
    const std::string value = FromEnvironment(entry.variable);
    if (value.empty() || app.get_option(entry.option)->count() > 0) continue;
    if (const std::string problem = entry.check(value); !problem.empty()) {
      return UsageError(absl::StrCat(entry.variable, ": ", problem));
    }
    options.*entry.value = value;
  }
  return absl::OkStatus();
}

void AddGlobalOptions(CLI::App& app, GlobalOptions& options) {
  app.add_option("--server", options.server, "Address of armstated; the port is 7443 by default (Env: ARMSTATE_SERVER)")
      ->type_name("HOST:PORT")
      ->check(CLI::Validator(CheckServer, ""))
      ->capture_default_str();
  const auto add_file = [&app](const char* option, std::string& file, const char* description) {
    app.add_option(option, file, description)->type_name("FILE")->check(CLI::Validator(CheckNotEmpty, ""));
  };
  add_file("--tls-ca", options.tls_ca, "CA of the server's certificate, in PEM: turns TLS on (Env: ARMSTATE_TLS_CA)");
  add_file("--tls-certificate", options.tls_certificate,
           "Your own certificate, if the server wants one (Env: ARMSTATE_TLS_CERTIFICATE)");
  add_file("--tls-key", options.tls_key, "The private key of that certificate (Env: ARMSTATE_TLS_KEY)");
  app.add_flag("--http-proxy", options.use_http_proxy,
               "Connect through the proxy that http_proxy names, which is ignored otherwise");
  app.add_option("-o,--output", options.output,
                 "Output format, also of errors: table, or json (the API's messages; one document, watch: one per "
                 "line) (Env: ARMSTATE_OUTPUT)")
      ->type_name("FORMAT")
      ->check(CLI::Validator(CheckOutput, ""))
      ->capture_default_str();
  app.add_option("--timeout", options.timeout,
                 "Time limit of a call, retries included; a backup has none by default (Env: ARMSTATE_TIMEOUT)")
      ->type_name("TIME")
      ->check(CLI::Validator(CheckTimeout, ""))
      ->capture_default_str();
  app.set_version_flag("--version", absl::StrCat("armstate ", kVersion), "Print the version and exit");
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
  AddHealthCommand(app, chosen);
  AddRotateKeyCommand(app, chosen);
  AddStatsCommand(app, chosen);
  AddVersionCommand(app, chosen);
  AddHelpCommand(app, chosen);
}

// The output format of errors. The command line may be the error, so this does not depend on parsing it.
OutputFormat FormatOf(const std::vector<std::string>& arguments) {
  std::string format = FromEnvironment("ARMSTATE_OUTPUT");
  for (size_t i = 0; i < arguments.size(); ++i) {
    absl::string_view argument = arguments[i];
    if ((argument == "--output" || argument == "-o") && i + 1 < arguments.size()) {
      format = arguments[i + 1];
    } else if (absl::ConsumePrefix(&argument, "--output=") ||
               (absl::ConsumePrefix(&argument, "-o") && !argument.empty())) {
      format = std::string(argument);
    }
  }
  return format == "json" ? OutputFormat::kJson : OutputFormat::kTable;
}

// Finds an option like "--server=", for which CLI11 would use the next argument as the value; empty if there is none.
std::string OptionWithoutValue(const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    if (absl::StartsWith(argument, "--") && argument.find('=') == argument.size() - 1) return argument;
  }
  return "";
}

// CLI11's message, except for a misspelt command, of which CLI11 only says that a command is required.
std::string UsageMessage(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* innermost = &app;
  while (!innermost->get_subcommands().empty()) innermost = innermost->get_subcommands().front();
  const std::vector<std::string> rest = app.remaining(/*recurse=*/true);
  if (innermost->get_require_subcommand_min() == 0 || rest.empty()) return error.what();
  return UnknownCommand(*innermost, rest.front());
}

}  // namespace

ExitStatus RunArmstate(const std::vector<std::string>& arguments, const Terminal& terminal) {
  GlobalOptions options;
  Command chosen;
  CLI::App app("Checkpoints, compares and restores the CPU state of ARM virtual machines.", "armstate");
  app.require_subcommand(1);
  app.fallthrough();  // global options may stand after the subcommand
  AddGlobalOptions(app, options);
  AddCommands(app, chosen);
  app.footer(
      HelpFooter("  armstate checkpoint web-1 --qmp /run/qemu/web-1.qmp\n"
                 "  armstate validate web-1 --target qemu-7.2.virt.cortex-a57\n"
                 "  armstate help COMMAND\n"));

  const OutputFormat format = FormatOf(arguments);
  const Palette err_palette(terminal.err_has_colors);
  if (const std::string option = OptionWithoutValue(arguments); !option.empty()) {
    const absl::Status status = UsageError(absl::StrCat(option, " has no value"));
    PrintError(status, NextStep(status, ""), format, err_palette, terminal.err);
    return ExitStatus::kUsage;
  }
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {  // CLI11 reports by exceptions
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
      app.exit(error, terminal.out, terminal.err);  // prints the help or the version
      return ExitStatus::kOk;
    }
    const absl::Status status = UsageError(UsageMessage(app, error));
    PrintError(status, NextStep(status, ""), format, err_palette, terminal.err);
    return ExitStatus::kUsage;
  }

  if (const absl::Status status = ApplyEnvironment(app, options); !status.ok()) {
    PrintError(status, NextStep(status, ""), format, err_palette, terminal.err);
    return ExitStatus::kUsage;
  }

  ConnectionOptions connection_options;
  connection_options.target = CompleteTarget(options.server).value_or(options.server);  // checked by CheckServer
  connection_options.use_http_proxy = options.use_http_proxy;
  const auto credentials = CredentialsOf({options.tls_certificate, options.tls_key, options.tls_ca});
  if (!credentials.ok()) {
    const absl::Status status = UsageError(credentials.status().message());
    PrintError(status, NextStep(status, ""), format, err_palette, terminal.err);
    return ExitStatus::kUsage;
  }
  connection_options.credentials = *credentials;
  absl::ParseDuration(options.timeout, &connection_options.call_timeout);  // checked by CheckTimeout
  // An answer is printed as a whole; if the command fails, nothing is printed.
  std::ostringstream answer;
  CommandContext context{Connection(connection_options),   format,       answer,
                         Palette(terminal.out_has_colors), terminal.out, terminal.err};
  if (app.get_option("--timeout")->count() > 0 || !FromEnvironment("ARMSTATE_TIMEOUT").empty()) {
    context.timeout = connection_options.call_timeout;
  }
  const absl::StatusOr<ExitStatus> result = chosen(context);
  absl::Status status = result.status();
  if (result.ok()) {
    errno = 0;
    terminal.out << answer.str() << std::flush;
    if (terminal.out.good() || answer.str().empty()) return *result;
    if (errno == EPIPE) return *result;  // the reader has read enough (`| head`)
    status = absl::DataLossError("cannot write the output");
  }
  PrintError(status, NextStep(status, connection_options.target), format, err_palette, terminal.err);
  return ExitStatusOf(status);
}

}  // namespace armstate
