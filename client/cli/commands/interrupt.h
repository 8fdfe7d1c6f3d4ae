// `Interrupt` stops a command that runs until the user ends it.
#ifndef ARMSTATE_CLIENT_CLI_COMMANDS_INTERRUPT_H_
#define ARMSTATE_CLIENT_CLI_COMMANDS_INTERRUPT_H_

#include <csignal>
#include <functional>
#include <memory>
#include <thread>

#include "absl/status/statusor.h"

namespace armstate {

// As long as it lives, the first SIGINT (Ctrl-C) or SIGTERM calls a function, by a thread of its own, and does nothing
// else; a second one has its usual effect. One at a time in a process.
class Interrupt {
 public:
  // RESOURCE_EXHAUSTED if the process has no file descriptors left.
  static absl::StatusOr<std::unique_ptr<Interrupt>> Create(std::function<void()> on_signal);
  ~Interrupt();

  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

 private:
  Interrupt(int read_end, std::function<void()> on_signal);

  const int read_end_;
  struct sigaction old_int_ = {};
  struct sigaction old_term_ = {};
  std::thread thread_;
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_CLI_COMMANDS_INTERRUPT_H_
