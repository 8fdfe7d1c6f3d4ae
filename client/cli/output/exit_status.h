// `ExitStatus` lists the exit statuses of armstate's programs; users' scripts rely on the numbers.
#ifndef ARMSTATE_CLIENT_CLI_OUTPUT_EXIT_STATUS_H_
#define ARMSTATE_CLIENT_CLI_OUTPUT_EXIT_STATUS_H_

namespace armstate {

enum class ExitStatus {
  kOk = 0,
  kError = 1,
  kUsage = 2,
  kRefused = 3,      // the target refuses the checkpoint or the register
  kUnavailable = 4,  // no server answers, or not in time, or the host has no KVM: the same command may succeed later
  kDifferent = 5,    // `diff --exit-code`: the two differ
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_CLI_OUTPUT_EXIT_STATUS_H_
