// `CommandContext` and the other declarations here are common to all subcommands of `armstate`.
#ifndef ARMSTATE_CLIENT_COMMANDS_COMMAND_H_
#define ARMSTATE_CLIENT_COMMANDS_COMMAND_H_

#include <functional>
#include <ostream>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "client/connection.h"
#include "client/exit_status.h"
#include "google/protobuf/message.h"

namespace armstate {

inline constexpr char kArmstateVersion[] = "0.1.0";

enum class OutputFormat { kTable, kJson };

// ANSI colours, or nothing where the output is no terminal.
class Palette {
 public:
  explicit Palette(bool enabled) : enabled_(enabled) {}

  std::string Good(absl::string_view text) const { return Paint("32", text); }
  std::string Warning(absl::string_view text) const { return Paint("33", text); }
  std::string Bad(absl::string_view text) const { return Paint("1;31", text); }

 private:
  std::string Paint(absl::string_view code, absl::string_view text) const;

  bool enabled_;
};

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

// The message as one JSON document, all fields shown, and OK.
ExitStatus PrintJson(const google::protobuf::Message& message, std::ostream& out);

// INVALID_ARGUMENT without a reason of the wire, for an invalid command line. Exits with kUsage.
absl::Status UsageError(absl::string_view message);
bool IsUsageError(const absl::Status& status);

// The same error, with what the user can do about it.
absl::Status WithNextStep(absl::Status status, absl::string_view next_step);
// The same error, with the lines of the input that show where it is. They end in a newline.
absl::Status WithExcerpt(absl::Status status, absl::string_view excerpt);
// Both are empty if the error has no such text.
std::string GetExcerpt(const absl::Status& status);
std::string GetNextStep(const absl::Status& status);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_COMMANDS_COMMAND_H_
