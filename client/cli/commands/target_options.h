// `AddTargetOptions` adds the options that name the target against which a checkpoint is judged.
#ifndef ARMSTATE_CLIENT_CLI_COMMANDS_TARGET_OPTIONS_H_
#define ARMSTATE_CLIENT_CLI_COMMANDS_TARGET_OPTIONS_H_

#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "armstate/v1/restore_service.pb.h"

namespace armstate {

struct ToleranceOptions {
  std::vector<std::string> files;
  bool strict = false;
};

// --tolerate FILE, --strict.
void AddToleranceOptions(CLI::App& command, ToleranceOptions& options);

// Adds the tolerances of the files. A usage error if a file is not an armstate.v1.ToleranceSet in text format; the
// rules themselves are checked by the server.
absl::Status ReadTolerances(const ToleranceOptions& options,
                            google::protobuf::RepeatedPtrField<v1::Tolerance>& tolerances);

// --accept NAME: ConvertCheckpointRequest.accept.
void AddAcceptOption(CLI::App& command, std::vector<std::string>& names);

struct TargetOptions {
  std::string profile;
  std::string host;
  std::string checkpoint;
};

// --target PROFILE, --host HOST and --like VM[@VERSION], of which exactly one must be given; --like only where a
// checkpoint can be a target.
enum class CheckpointTarget { kAllowed, kNotAllowed };
void AddTargetOptions(CLI::App& command, CheckpointTarget checkpoint, TargetOptions& options);

// --by armstate|qemu: whose restore it is, or is to be. `by` keeps its value if the option is not given.
void AddRestorerOption(CLI::App& command, v1::Restorer& by);

v1::RestoreTarget TargetOf(const TargetOptions& options);
// "hosts/h", "cpuProfiles/p" or "vms/v/checkpoints/1".
std::string TargetName(const v1::RestoreTarget& target);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_CLI_COMMANDS_TARGET_OPTIONS_H_
