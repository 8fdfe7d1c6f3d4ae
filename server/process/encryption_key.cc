#include "server/process/encryption_key.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/error.h"

namespace armstate {
namespace {

// More than a key has, in any form.
constexpr size_t kMaxKeyBytes = 4096;

absl::Status KeyWrong(absl::string_view message) {
  return MakeError(absl::StatusCode::kFailedPrecondition, ErrorReason::kEncryptionKeyWrong, message);
}

// Reads to the end, at most kMaxKeyBytes and one more.
absl::StatusOr<std::string> ReadAll(int descriptor, absl::Time deadline) {
  std::string bytes;
  char part[512];
  while (bytes.size() <= kMaxKeyBytes) {
    pollfd waiting = {descriptor, POLLIN, 0};
    const int64_t left = absl::ToInt64Milliseconds(deadline - absl::Now());
    const int ready = left <= 0 ? 0 : poll(&waiting, 1, static_cast<int>(left));
    if (ready == 0) return absl::DeadlineExceededError("it took too long");
    const ssize_t count = ready < 0 ? -1 : read(descriptor, part, sizeof(part));
    if (count == 0) return bytes;
    if (count < 0 && errno != EINTR) return absl::UnavailableError(std::strerror(errno));
    if (count > 0) bytes.append(part, static_cast<size_t>(count));
  }
  return bytes;
}

absl::StatusOr<std::string> ReadFile(const std::string& file, absl::Time deadline) {
  // Without waiting for the other end of a pipe.
  const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return absl::UnavailableError(std::strerror(errno));
  const absl::Cleanup close_it = [descriptor] { close(descriptor); };
  return ReadAll(descriptor, deadline);
}

// Starts the command with the file, or nothing, as standard input. Returns errno.
int Spawn(const EncryptionKeySource& source, int output, pid_t& child) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, source.file.empty() ? "/dev/null" : source.file.c_str(),
                                   O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;  // armstated blocks signals, and waits for them
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  std::string shell = "sh", option = "-c", command = source.command;
  char* const arguments[] = {shell.data(), option.data(), command.data(), nullptr};
  const int error = posix_spawn(&child, "/bin/sh", &files, &attributes, arguments, environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return error;
}

absl::StatusOr<std::string> RunCommand(const EncryptionKeySource& source, absl::Time deadline) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return absl::UnavailableError(std::strerror(errno));
  pid_t child = 0;
  const int error = Spawn(source, ends[1], child);
  close(ends[1]);
  const absl::Cleanup close_it = [&ends] { close(ends[0]); };
  if (error != 0) return absl::UnavailableError(std::strerror(error));
  absl::StatusOr<std::string> output = ReadAll(ends[0], deadline);
  if (!output.ok() || output->size() > kMaxKeyBytes) kill(-child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!output.ok()) return output.status();
  if (output->size() > kMaxKeyBytes) return output;  // no key
  if (!WIFEXITED(status)) return absl::UnavailableError("it was ended by a signal");
  if (WEXITSTATUS(status) != 0) {
    return absl::UnavailableError(absl::StrCat("its exit status is ", WEXITSTATUS(status)));
  }
  return output;
}

}  // namespace

absl::StatusOr<WrappingKey> ReadEncryptionKey(const EncryptionKeySource& source) {
  const absl::Time deadline = absl::Now() + source.patience;
  const bool is_command = !source.command.empty();
  const std::string name = is_command ? absl::StrCat("--encryption_key_command ", source.command)
                                      : absl::StrCat("--encryption_key_file ", source.file);
  const absl::StatusOr<std::string> bytes = is_command ? RunCommand(source, deadline) : ReadFile(source.file, deadline);
  if (!bytes.ok()) return KeyWrong(absl::StrCat(name, ": no key could be read: ", bytes.status().message()));
  absl::StatusOr<WrappingKey> key = WrappingKey::Parse(*bytes);
  if (!key.ok()) return KeyWrong(absl::StrCat(name, ": ", key.status().message()));
  return key;
}

}  // namespace armstate
