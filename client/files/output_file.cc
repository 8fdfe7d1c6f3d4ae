#include "client/files/output_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

namespace armstate {
namespace {

absl::Status Exists(const std::string& path) {
  return absl::AlreadyExistsError(absl::StrCat(path, " exists; --force replaces it"));
}

absl::Status Rename(const std::string& from, const std::string& to, IfExists if_exists) {
  const unsigned flags = if_exists == IfExists::kRefuse ? RENAME_NOREPLACE : 0;
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags) == 0) return absl::OkStatus();
  if (errno == EEXIST) return Exists(to);
  if (errno == EINVAL && flags != 0) {  // this file system cannot; link() does not replace either
    if (link(from.c_str(), to.c_str()) == 0) {
      unlink(from.c_str());
      return absl::OkStatus();
    }
    if (errno == EEXIST) return Exists(to);
  }
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", to));
}

}  // namespace

absl::StatusOr<OutputFile> OutputFile::Create(const std::string& path, IfExists if_exists) {
  struct stat info;
  if (stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is not a regular file, and cannot be replaced by one"));
  }
  // Before any work is done; Commit looks again.
  if (if_exists == IfExists::kRefuse && access(path.c_str(), F_OK) == 0) return Exists(path);
  std::string temporary_path = absl::StrCat(path, ".XXXXXX");
  OutputFile file(mkostemp(temporary_path.data(), O_CLOEXEC));
  file.path_ = path;
  file.if_exists_ = if_exists;
  file.temporary_path_ = std::move(temporary_path);
  if (file.fd_ < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path));
  return file;
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_path_(std::move(other.temporary_path_)),
      fd_(std::exchange(other.fd_, -1)),
      writer_(other.writer_),
      if_exists_(other.if_exists_),
      status_(std::move(other.status_)) {}

OutputFile::~OutputFile() {
  if (fd_ < 0) return;
  close(fd_);
  unlink(temporary_path_.c_str());
}

void OutputFile::Append(absl::string_view bytes) {
  if (status_.ok()) status_ = writer_.Append(bytes);
}

void OutputFile::AppendFrom(const InputFile& file, uint64_t offset, uint64_t size) {
  const uint64_t end = offset + size;
  while (status_.ok() && offset < end) {
    InputFile::Extent data = file.NextData(offset);
    data.begin = std::min(data.begin, end);
    data.end = std::min(data.end, end);
    writer_.AppendZeros(data.begin - offset);
    Append(file.bytes().substr(data.begin, data.end - data.begin));
    offset = data.end;
  }
}

absl::Status OutputFile::Commit() {
  if (status_.ok()) status_ = writer_.Finish();
  if (!status_.ok()) {
    return absl::Status(status_.code(), absl::StrCat("cannot write ", path_, ": ", status_.message()));
  }
  if (fsync(fd_) != 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path_));
  const absl::Status status = Rename(temporary_path_, path_, if_exists_);
  if (!status.ok()) return status;
  close(std::exchange(fd_, -1));
  return absl::OkStatus();
}

}  // namespace armstate
