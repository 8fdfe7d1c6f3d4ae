// The command `armstate`, as a function.
#ifndef ARMSTATE_CLIENT_ARMSTATE_H_
#define ARMSTATE_CLIENT_ARMSTATE_H_

#include <ostream>
#include <string>
#include <vector>

#include "client/commands/command.h"

namespace armstate {

struct Terminal {
  std::ostream& out;
  std::ostream& err;
  // Whether colours are wanted there.
  bool out_has_colors = false;
  bool err_has_colors = false;
};

// Runs one command line, without the program's name. Reads the environment variable ARMSTATE_SERVER.
ExitStatus RunArmstate(const std::vector<std::string>& arguments, const Terminal& terminal);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_ARMSTATE_H_
