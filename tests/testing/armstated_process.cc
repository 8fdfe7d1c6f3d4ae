#include "tests/testing/armstated_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "grpcpp/create_channel.h"

namespace armstate {

absl::StatusOr<std::unique_ptr<ArmstatedProcess>> ArmstatedProcess::Start(const std::string& data_dir) {
  // Tests run in the folder of their data dependencies.
  return StartCommand({"server/armstated", "--listen=127.0.0.1:0", absl::StrCat("--data_dir=", data_dir)});
}

absl::StatusOr<std::unique_ptr<ArmstatedProcess>> ArmstatedProcess::StartCommand(
    const std::vector<std::string>& command) {
  std::unique_ptr<ArmstatedProcess> process(new ArmstatedProcess);  // the constructor is private
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "pipe");
  std::vector<char*> arguments;  // made before the fork: there memory may not be allocated
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  process->pid_ = fork();
  if (process->pid_ == 0) {
    dup2(ends[1], STDERR_FILENO);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  close(ends[1]);
  process->log_ = ends[0];
  if (process->pid_ < 0) return absl::ErrnoToStatus(errno, "fork");

  const std::string kListening = "listening on ";
  std::string log;
  char bytes[512];
  for (ssize_t size; (size = read(process->log_, bytes, sizeof(bytes))) > 0;) {
    log.append(bytes, static_cast<size_t>(size));
    const size_t at = log.find(kListening);
    if (at == std::string::npos || log.find('\n', at) == std::string::npos) continue;
    absl::string_view port = absl::string_view(log).substr(at + kListening.size());
    if (absl::ConsumePrefix(&port, "port ")) {  // not a Unix socket
      process->address_ = absl::StrCat("127.0.0.1:", port.substr(0, port.find_first_not_of("0123456789")));
    }
    process->log_text_ = log;
    return process;
  }
  return absl::FailedPreconditionError(log);  // it has exited
}

ArmstatedProcess::~ArmstatedProcess() {
  Stop(SIGKILL);
  close(log_);
}

std::shared_ptr<grpc::Channel> ArmstatedProcess::Connect() const {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);  // the limits under test are the server's
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address_, grpc::InsecureChannelCredentials(), arguments);
}

int ArmstatedProcess::Stop(int signal) {
  if (pid_ < 0) return 0;
  kill(pid_, signal);
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace armstate
