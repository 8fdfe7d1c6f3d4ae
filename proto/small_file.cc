#include "proto/small_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace armstate {
namespace {

constexpr size_t kMostBytes = size_t{1} << 20;

}  // namespace

absl::StatusOr<std::string> ReadSmallFile(const std::string& file) {
  const auto problem = [&file](const char* why) { return absl::StrCat(file, " cannot be read: ", why); };
  // Without O_NONBLOCK, a pipe would wait for a writer.
  const int descriptor = open(file.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (descriptor < 0) return absl::NotFoundError(problem(strerror(errno)));
  const absl::Cleanup close_it = [descriptor] { close(descriptor); };
  struct stat status = {};
  if (fstat(descriptor, &status) != 0) return absl::NotFoundError(problem(strerror(errno)));
  if (S_ISDIR(status.st_mode)) return absl::InvalidArgumentError(problem("it is a folder"));
  if (!S_ISREG(status.st_mode)) return absl::InvalidArgumentError(problem("it is not a regular file"));
  std::string text(kMostBytes + 1, '\0');
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = read(descriptor, &text[size], text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return absl::NotFoundError(problem(strerror(errno)));
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  if (size > kMostBytes) return absl::InvalidArgumentError(problem("it has more than 1 MiB"));
  text.resize(size);
  text.shrink_to_fit();
  return text;
}

}  // namespace armstate
