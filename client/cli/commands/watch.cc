#include <cerrno>
#include <memory>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/checkpoint_watch.h"
#include "client/cli/commands/arguments.h"
#include "client/cli/commands/commands.h"
#include "client/cli/commands/interrupt.h"
#include "client/cli/output/text.h"
#include "google/protobuf/util/json_util.h"
#include "proto/enum_name.h"

namespace armstate {
namespace {

struct WatchOptions {
  std::string vm;
  std::string resume_token;
  bool from_oldest = false;
  bool show_tokens = false;
};

// "2026-11-22 13:23:07Z  created     vms/web-1/checkpoints/3".
std::string EventLine(const v1::CheckpointEvent& event, bool show_token) {
  std::string type = absl::AsciiStrToLower(EnumName(event.kind()));
  for (char& c : type) c = c == '_' ? ' ' : c;
  std::string line =
      absl::StrFormat("%-20s  %-10s  %s", TimeText(event.event_time()), type, Printable(event.checkpoint()));
  if (show_token) absl::StrAppend(&line, "  ", Printable(event.resume_token()));
  return line;
}

std::string JsonLine(const v1::CheckpointEvent& event) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string line;
  // Fails only for messages that are malformed in themselves; none of ours is.
  return google::protobuf::util::MessageToJsonString(event, &line, options).ok() ? line : "{}";
}

v1::WatchCheckpointsRequest RequestOf(const WatchOptions& options) {
  v1::WatchCheckpointsRequest request;
  request.set_parent(VmNameOf(options.vm.empty() ? "-" : options.vm));
  request.set_resume_token(options.resume_token);
  request.set_from_oldest(options.from_oldest);
  return request;
}

absl::StatusOr<ExitStatus> Watch(const WatchOptions& options, CommandContext& context) {
  CheckpointWatch::Options watch_options;
  watch_options.on_reconnect = [&context](const absl::Status& status) {
    context.err << absl::StrCat("armstate: ", Printable(std::string(status.message())), "; watching again\n")
                << std::flush;
  };
  CheckpointWatch watch(context.connection, RequestOf(options), watch_options);
  const absl::StatusOr<std::unique_ptr<Interrupt>> interrupt = Interrupt::Create([&watch] { watch.Stop(); });
  if (!interrupt.ok()) return interrupt.status();
  absl::Status end;
  while (end.ok()) {
    const absl::StatusOr<v1::CheckpointEvent> event = watch.Next();
    end = event.status();
    if (!end.ok() || (event->kind() == v1::CheckpointEvent::KIND_PROGRESS && !options.show_tokens)) continue;
    errno = 0;
    context.live_out << (context.json() ? JsonLine(*event) : EventLine(*event, options.show_tokens)) << '\n'
                     << std::flush;
    if (context.live_out.good()) continue;
    if (errno == EPIPE) return ExitStatus::kOk;  // the reader has read enough (`| head`)
    return absl::DataLossError("cannot write the output");
  }
  const std::string token = watch.resume_token();
  if (!token.empty() && !absl::IsInvalidArgument(end)) {
    context.err << absl::StrCat("armstate: to go on from here: --resume ", Printable(token), "\n") << std::flush;
  }
  if (absl::IsCancelled(end)) return ExitStatus::kOk;  // stopped by the user
  return end;
}

}  // namespace

void AddWatchCommand(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<WatchOptions>();
  CLI::App* const command = app.add_subcommand(
      "watch",
      "Print a line for each checkpoint that is stored or deleted, as it happens, until Ctrl-C. Reconnects when the "
      "server goes away; no event is lost or repeated");
  command->add_option("VM", options->vm, "Only this VM, which need not exist yet");
  CLI::Option* const from_oldest =
      command->add_flag("--from-oldest", options->from_oldest, "Begin with all events that the server still has");
  command->add_option("--resume", options->resume_token, "Begin after the event with this token")
      ->type_name("TOKEN")
      ->excludes(from_oldest);
  command->add_flag(
      "--show-tokens", options->show_tokens,
      "Show the token of each event, and those that are sent while nothing happens; otherwise only the last "
      "one is shown, on standard error at the end");
  command->footer(
      HelpFooter("  armstate watch\n"
                 "  armstate watch web-1 --from-oldest --output=json\n"
                 "  armstate watch --resume MXx3YXRjaHwxMg\n"));
  command->callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return Watch(*options, context); }; });
}

}  // namespace armstate
