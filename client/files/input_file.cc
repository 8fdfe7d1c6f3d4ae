#include "client/files/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

namespace armstate {
namespace {

absl::Status ReadAll(int fd, const std::string& name, std::string& bytes) {
  char buffer[1 << 16];
  while (true) {
    const ssize_t size = read(fd, buffer, sizeof buffer);
    if (size == 0) return absl::OkStatus();
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", name));
    if (bytes.size() + static_cast<size_t>(size) > kMaxPipedBytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat(name, " gives more than ", kMaxPipedBytes >> 20, " MiB; save it to a file, which has no limit"));
    }
    bytes.append(buffer, static_cast<size_t>(size));
  }
}

}  // namespace

absl::StatusOr<InputFile> InputFile::Open(const std::string& path) {
  const bool is_stdin = path == "-";
  const int fd = is_stdin ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  InputFile file;
  const absl::Status status = file.Fill(fd, is_stdin ? "standard input" : path);
  if (!is_stdin) close(fd);
  if (!status.ok()) return status;
  return file;
}

absl::Status InputFile::Fill(int fd, const std::string& name) {
  struct stat info;
  if (fstat(fd, &info) != 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", name));
  // A file under /proc says that it is empty.
  if (!S_ISREG(info.st_mode) || info.st_size == 0) return ReadAll(fd, name, read_);
  absl::StatusOr<MappedFile> mapped = MappedFile::Map(fd, name);
  if (!mapped.ok()) return mapped.status();
  mapped_ = *std::move(mapped);
  return absl::OkStatus();
}

}  // namespace armstate
