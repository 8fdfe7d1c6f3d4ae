// Runs `armstate` inside the test.
#ifndef ARMSTATE_TESTS_CLIENT_CLI_COMMANDS_RUN_COMMAND_H_
#define ARMSTATE_TESTS_CLIENT_CLI_COMMANDS_RUN_COMMAND_H_

#include <ostream>
#include <sstream>
#include <string>
#include <vector>

#include "client/cli/armstate.h"

namespace armstate {

struct CommandResult {
  int exit_status;
  std::string out;
  std::string err;
};

inline std::ostream& operator<<(std::ostream& stream, const CommandResult& result) {
  return stream << "exit status " << result.exit_status << "\nout: " << result.out << "\nerr: " << result.err;
}

// One command line, without the program's name, against the server at `target`.
inline CommandResult RunCommand(const std::string& target, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"--server", target});
  std::ostringstream out;
  std::ostringstream err;
  const ExitStatus exit_status = RunArmstate(arguments, Terminal{out, err});
  return {static_cast<int>(exit_status), out.str(), err.str()};
}

}  // namespace armstate

#endif  // ARMSTATE_TESTS_CLIENT_CLI_COMMANDS_RUN_COMMAND_H_
