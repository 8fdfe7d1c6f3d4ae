// `CommandContext` and the other declarations here are common to all subcommands of `armstate`.
#ifndef ARMSTATE_CLIENT_CLI_COMMANDS_COMMAND_H_
#define ARMSTATE_CLIENT_CLI_COMMANDS_COMMAND_H_

#include <functional>
#include <ostream>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "client/cli/output/exit_status.h"
#include "client/cli/output/json.h"
#include "client/cli/output/palette.h"
#include "client/cli/output/user_error.h"
#include "client/connection.h"

namespace armstate {

// A command's connection to the server, and the destination of its answer.
struct CommandContext {
  Connection connection;
  OutputFormat format;
  // Printed when the command ends, and only if that is not an error.
  std::ostream& out;
  Palette palette;
  // Standard output itself, for answers that have no end of their own. Flush it.
  std::ostream& live_out;
  // Standard error, for what is not part of the answer.
  std::ostream& err;
  // The user's --timeout (or ARMSTATE_TIMEOUT), if given, for calls that take longer than others.
  absl::optional<absl::Duration> timeout = {};

  bool json() const { return format == OutputFormat::kJson; }
};

// Runs after the command line was parsed.
using Command = std::function<absl::StatusOr<ExitStatus>(CommandContext&)>;

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_CLI_COMMANDS_COMMAND_H_
