// `RunArmstate` runs the command `armstate` inside a program, e.g. a test.
#ifndef ARMSTATE_CLIENT_CLI_ARMSTATE_H_
#define ARMSTATE_CLIENT_CLI_ARMSTATE_H_

#include <ostream>
#include <string>
#include <vector>

#include "client/cli/commands/command.h"

namespace armstate {

struct Terminal {
  std::ostream& out;
  std::ostream& err;
  // Colours are used on the stream.
  bool out_has_colors = false;
  bool err_has_colors = false;
};

// Runs one command line, without the program's name. The environment variables ARMSTATE_SERVER, ARMSTATE_OUTPUT,
// ARMSTATE_TIMEOUT, ARMSTATE_TLS_CA, ARMSTATE_TLS_CERTIFICATE and ARMSTATE_TLS_KEY are the defaults of these options.
ExitStatus RunArmstate(const std::vector<std::string>& arguments, const Terminal& terminal);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_CLI_ARMSTATE_H_
