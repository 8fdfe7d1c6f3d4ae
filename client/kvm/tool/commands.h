// `AddProbeCommand` and its like add the subcommands of `armstate-kvm` to `app`; when the command line names one,
// `chosen` is set to what it does.
#ifndef ARMSTATE_CLIENT_KVM_TOOL_COMMANDS_H_
#define ARMSTATE_CLIENT_KVM_TOOL_COMMANDS_H_

#include <functional>
#include <ostream>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "client/cli/output/exit_status.h"

namespace armstate {

// Runs after the command line was parsed; prints to `out`. An error that is UNAVAILABLE exits with kUnavailable, any
// other with kError.
using KvmCommand = std::function<absl::StatusOr<ExitStatus>(std::ostream& out)>;

void AddProbeCommand(CLI::App& app, KvmCommand& chosen);
void AddCaptureCommand(CLI::App& app, KvmCommand& chosen);
void AddRestoreCommand(CLI::App& app, KvmCommand& chosen);
void AddPayloadCommand(CLI::App& app, KvmCommand& chosen);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_KVM_TOOL_COMMANDS_H_
