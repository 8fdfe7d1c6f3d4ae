#include "client/cli/commands/armstated_program.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "client/files/unique_fd.h"

namespace armstate {
namespace {

constexpr size_t kMaxOutputBytes = size_t{64} << 10;

// Starts the program with its standard output connected to `out`. Returns 0 or an errno.
int Spawn(const std::string& program, const std::vector<std::string>& arguments, int out, pid_t& pid) {
  std::vector<std::string> words = {program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  // armstate ignores SIGPIPE, which the program would inherit.
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  const int error = posix_spawnp(&pid, program.c_str(), &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

std::string ReadToEnd(int fd) {
  std::string all;
  char bytes[4096];
  while (true) {
    const ssize_t size = read(fd, bytes, sizeof(bytes));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return all;
    // Output beyond the limit is read and dropped, so that the program does not block.
    if (all.size() < kMaxOutputBytes) all.append(bytes, static_cast<size_t>(size));
  }
}

}  // namespace

std::string FindArmstated() {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path beside = self.parent_path() / "armstated";
  return !error && access(beside.c_str(), X_OK) == 0 ? beside.string() : "armstated";
}

absl::StatusOr<ProgramResult> RunProgram(const std::string& program, const std::vector<std::string>& arguments) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "cannot make a pipe");
  const UniqueFd read_end(ends[0]);
  pid_t pid = 0;
  {
    const UniqueFd write_end(ends[1]);
    if (const int error = Spawn(program, arguments, write_end.get(), pid); error != 0) {
      return absl::NotFoundError(absl::StrCat("cannot run ", program, ": ", strerror(error)));
    }
  }
  ProgramResult result;
  result.out = ReadToEnd(read_end.get());
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status)) return absl::AbortedError(absl::StrCat(program, " was ended: ", strsignal(WTERMSIG(status))));
  result.exit_status = WEXITSTATUS(status);
  return result;
}

}  // namespace armstate
