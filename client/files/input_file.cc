#include "client/files/input_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

namespace armstate {
namespace {

absl::Status ReadAll(int fd, const std::string& path, std::string& bytes) {
  char buffer[1 << 16];
  while (true) {
    const ssize_t size = read(fd, buffer, sizeof buffer);
    if (size == 0) return absl::OkStatus();
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path));
    if (bytes.size() + static_cast<size_t>(size) > kMaxPipedBytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat(path, " gives more than ", kMaxPipedBytes >> 20, " MiB; save it to a file, which has no limit"));
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

absl::Status InputFile::Fill(int fd, const std::string& path) {
  struct stat info;
  if (fstat(fd, &info) != 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path));
  // An empty file cannot be mapped, and one under /proc says that it is empty.
  if (!S_ISREG(info.st_mode) || info.st_size == 0) return ReadAll(fd, path, read_);
  void* const address = mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ, MAP_PRIVATE, fd, 0);
  if (address == MAP_FAILED) return absl::ErrnoToStatus(errno, absl::StrCat("cannot map ", path));
  address_ = address;
  size_ = static_cast<size_t>(info.st_size);
  return absl::OkStatus();
}

InputFile::InputFile(InputFile&& other) noexcept
    : address_(std::exchange(other.address_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      read_(std::move(other.read_)) {}

InputFile& InputFile::operator=(InputFile&& other) noexcept {
  std::swap(address_, other.address_);
  std::swap(size_, other.size_);
  std::swap(read_, other.read_);
  return *this;
}

InputFile::~InputFile() {
  if (address_ != nullptr) munmap(address_, size_);
}

absl::string_view InputFile::bytes() const {
  if (address_ == nullptr) return read_;
  return absl::string_view(static_cast<const char*>(address_), size_);
}

}  // namespace armstate
