// `RunArmstateKvm` runs the command `armstate-kvm` inside a program.
#ifndef ARMSTATE_CLIENT_KVM_TOOL_ARMSTATE_KVM_H_
#define ARMSTATE_CLIENT_KVM_TOOL_ARMSTATE_KVM_H_

#include <ostream>
#include <string>
#include <vector>

#include "client/cli/output/exit_status.h"

namespace armstate {

// Runs one command line, without the program's name.
ExitStatus RunArmstateKvm(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_KVM_TOOL_ARMSTATE_KVM_H_
