#include "client/files/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/files/sparse_writer.h"
#include "client/files/unlinked_file.h"

namespace armstate {
namespace {

absl::Status CannotRead(const std::string& name) {
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", name));
}

// Copies everything that can be read into a temporary file.
absl::StatusOr<UniqueFd> Spool(int fd, const std::string& name) {
  absl::StatusOr<UniqueFd> file = CreateUnlinkedFile();
  if (!file.ok()) return file;
  SparseWriter writer(file->get());
  std::vector<char> buffer(1 << 20);
  while (true) {
    const ssize_t size = read(fd, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return CannotRead(name);
    if (size == 0) break;
    const absl::Status written = writer.Append({buffer.data(), static_cast<size_t>(size)});
    if (!written.ok()) return absl::Status(written.code(), absl::StrCat(name, ": temporary file: ", written.message()));
  }
  const absl::Status finished = writer.Finish();
  if (!finished.ok()) return finished;
  return file;
}

}  // namespace

absl::StatusOr<InputFile> InputFile::Open(const std::string& path) {
  const bool is_stdin = path == "-";
  const std::string name = is_stdin ? "standard input" : path;
  UniqueFd fd(is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", name));
  struct stat info;
  if (fstat(fd.get(), &info) != 0) return CannotRead(name);
  if (S_ISDIR(info.st_mode))
    return absl::InvalidArgumentError(
        absl::StrCat(name, " is a folder; name a file in it (of a UTM bundle: the qcow2 image in Data)"));
  if (!is_stdin && (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode)))
    return absl::InvalidArgumentError(absl::StrCat(name, " is a device; give it as standard input if it is meant"));
  // Files under /proc have the size 0 but are not empty.
  if (S_ISREG(info.st_mode) && info.st_size > 0) return Of(std::move(fd), name);
  absl::StatusOr<UniqueFd> copy = Spool(fd.get(), name);
  if (!copy.ok()) return copy.status();
  return Of(*std::move(copy), name);
}

absl::StatusOr<InputFile> InputFile::Of(UniqueFd fd, const std::string& name) {
  absl::StatusOr<MappedFile> mapped = MappedFile::Map(fd.get(), name);
  if (!mapped.ok()) return mapped.status();
  return InputFile(std::move(fd), *std::move(mapped));
}

InputFile::Extent InputFile::NextData(uint64_t offset) const {
  const uint64_t size = bytes().size();
  if (offset >= size) return {size, size};
  const off_t data = lseek(fd_.get(), static_cast<off_t>(offset), SEEK_DATA);
  if (data < 0) return errno == ENXIO ? Extent{size, size} : Extent{offset, size};
  const off_t hole = lseek(fd_.get(), data, SEEK_HOLE);
  const uint64_t begin = std::min(static_cast<uint64_t>(data), size);
  return {begin, hole <= data ? size : std::min(static_cast<uint64_t>(hole), size)};
}

}  // namespace armstate
