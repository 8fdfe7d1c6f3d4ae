#include "absl/strings/str_cat.h"
#include "client/cli/commands/arguments.h"
#include "client/cli/commands/commands.h"
#include "client/health_client.h"
#include "google/protobuf/struct.pb.h"

namespace armstate {
namespace {

absl::StatusOr<ExitStatus> Health(const std::string& service, CommandContext& context) {
  const absl::StatusOr<bool> serving = IsServing(context.connection, service);
  if (absl::IsNotFound(serving.status())) {
    return absl::NotFoundError(absl::StrCat("the server has no service \"", service, "\""));
  }
  if (!serving.ok()) return serving.status();
  const char* const state = *serving ? "SERVING" : "NOT_SERVING";
  const ExitStatus status = *serving ? ExitStatus::kOk : ExitStatus::kUnavailable;
  if (!context.json()) {
    context.out << state << '\n';
    return status;
  }
  google::protobuf::Struct answer;
  (*answer.mutable_fields())["status"].set_string_value(state);
  const absl::StatusOr<ExitStatus> printed = PrintJson(answer, context.out);
  return printed.ok() ? status : printed;
}

}  // namespace

void AddHealthCommand(CLI::App& app, Command& chosen) {
  auto service = std::make_shared<std::string>();
  CLI::App* const command =
      app.add_subcommand("health", "Ask whether the server, or one of its services, is available");
  command
      ->add_option("SERVICE", *service,
                   "readiness (new clients may come), liveness (the process answers), or a service such as "
                   "armstate.v1.CheckpointService; the server as a whole by default")
      ->type_name("");
  command->footer(
      HelpFooter("  armstate health\n"
                 "  armstate health readiness\n"));
  command->callback(
      [service, &chosen] { chosen = [service](CommandContext& context) { return Health(*service, context); }; });
}

}  // namespace armstate
