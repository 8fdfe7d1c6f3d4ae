// `RunProgram` runs armstated for work that needs the database, which the client cannot open.
#ifndef ARMSTATE_CLIENT_CLI_COMMANDS_ARMSTATED_PROGRAM_H_
#define ARMSTATE_CLIENT_CLI_COMMANDS_ARMSTATED_PROGRAM_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace armstate {

// The armstated beside this program, if there is one; else "armstated", which is looked up in PATH.
std::string FindArmstated();

struct ProgramResult {
  int exit_status = 0;
  // Its output, at most 64 KiB.
  std::string out;
};

// Runs a program, a path or a name that is looked up in PATH, and waits for its end. Its standard error is ours.
// NOT_FOUND if it cannot be started; ABORTED if a signal ended it.
absl::StatusOr<ProgramResult> RunProgram(const std::string& program, const std::vector<std::string>& arguments);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_CLI_COMMANDS_ARMSTATED_PROGRAM_H_
