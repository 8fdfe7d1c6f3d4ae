// A real armstated as a process of its own, for tests that kill it and benchmarks.
#ifndef ARMSTATE_TESTS_TESTING_ARMSTATED_PROCESS_H_
#define ARMSTATE_TESTS_TESTING_ARMSTATED_PROCESS_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "grpcpp/channel.h"

namespace armstate {

// Listens on a free port of the loopback interface.
class ArmstatedProcess {
 public:
  // Runs the armstated of this build and waits until it listens. FAILED_PRECONDITION with what it printed, if it exits
  // instead.
  static absl::StatusOr<std::unique_ptr<ArmstatedProcess>> Start(const std::string& data_dir);
  // The same with any server that says "listening on port PORT" on its standard error.
  static absl::StatusOr<std::unique_ptr<ArmstatedProcess>> StartCommand(const std::vector<std::string>& command);

  // Kills it, if it still runs.
  ~ArmstatedProcess();

  // "127.0.0.1:PORT".
  const std::string& address() const { return address_; }
  // What it printed until it listened.
  const std::string& log() const { return log_text_; }
  // -1 after Stop.
  pid_t pid() const { return pid_; }
  // A new connection.
  std::shared_ptr<grpc::Channel> Connect() const;

  // Sends the signal and waits for the end. The exit status, or minus the signal that ended it.
  int Stop(int signal);

 private:
  ArmstatedProcess() = default;

  pid_t pid_ = -1;
  int log_ = -1;  // read end of its standard error
  std::string log_text_;
  std::string address_;
};

}  // namespace armstate

#endif  // ARMSTATE_TESTS_TESTING_ARMSTATED_PROCESS_H_
