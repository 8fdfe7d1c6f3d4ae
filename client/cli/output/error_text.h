// `PrintError` and `NextStep` show errors to a user of the command.
#ifndef ARMSTATE_CLIENT_CLI_OUTPUT_ERROR_TEXT_H_
#define ARMSTATE_CLIENT_CLI_OUTPUT_ERROR_TEXT_H_

#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "client/cli/output/exit_status.h"
#include "client/cli/output/json.h"
#include "client/cli/output/palette.h"

namespace armstate {

// Advice on an error; empty if there is nothing to advise. `target` is the server that was called.
std::string NextStep(const absl::Status& status, absl::string_view target);

ExitStatus ExitStatusOf(const absl::Status& status);

// "armstate: ...", the excerpt, and on a last line the next step; or a google.rpc.Status as one JSON document.
void PrintError(const absl::Status& status, absl::string_view next_step, OutputFormat format, const Palette& palette,
                std::ostream& err);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_CLI_OUTPUT_ERROR_TEXT_H_
