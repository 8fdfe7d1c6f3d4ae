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
#include "client/files/output_path.h"

namespace armstate {
namespace {

absl::Status Exists(const std::string& path) {
  return absl::AlreadyExistsError(absl::StrCat(path, " exists; --force replaces it"));
}

absl::Status IsDevice(const std::string& path) {
  return absl::InvalidArgumentError(absl::StrCat("cannot write ", path, ": it is a device; name a file"));
}

absl::Status Rename(const std::string& from, const std::string& to, IfExists if_exists) {
  const unsigned flags = if_exists == IfExists::kRefuse ? RENAME_NOREPLACE : 0;
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags) == 0) return absl::OkStatus();
  if (errno == EEXIST) return Exists(to);
  if (errno == EINVAL && flags != 0) {  // no RENAME_NOREPLACE on this file system; link() does not replace either
    if (link(from.c_str(), to.c_str()) == 0) {
      unlink(from.c_str());
      return absl::OkStatus();
    }
    if (errno == EEXIST) return Exists(to);
  }
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", to));
}

// Creates an unnamed file in the folder of `path`, which vanishes with the process; -1 where the file system has none.
int OpenUnnamed(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  return open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
}

absl::Status GiveName(int fd, const std::string& name) {
  const std::string unnamed = absl::StrCat("/proc/self/fd/", fd);
  if (linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", name));
}

}  // namespace

absl::StatusOr<OutputFile> OutputFile::Create(const std::string& path, IfExists if_exists) {
  absl::StatusOr<OutputPath> output = ResolveOutput(path);
  if (!output.ok()) return output.status();
  if (output->kind == OutputPath::Kind::kDisk) return IsDevice(path);
  const bool is_stream = output->kind == OutputPath::Kind::kStream;
  // Checked before any work is done, and again by Commit.
  if (if_exists == IfExists::kRefuse && output->kind == OutputPath::Kind::kRegular) return Exists(path);
  std::string temporary_path = is_stream ? "" : absl::StrCat(output->path, ".XXXXXX");
  int fd = is_stream ? open(output->path.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC) : OpenUnnamed(output->path);
  const bool is_unnamed = !is_stream && fd >= 0;
  if (is_unnamed) temporary_path = absl::StrCat(output->path, ".", getpid());
  if (!is_stream && fd < 0) fd = mkostemp(temporary_path.data(), O_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path));
  using Holes = SparseWriter::Holes;
  OutputFile file(fd, SparseWriter(fd, is_stream ? Holes::kWriteZeros : Holes::kLeave));
  file.path_ = std::move(output->path);
  file.if_exists_ = if_exists;
  file.temporary_path_ = std::move(temporary_path);
  file.is_unnamed_ = is_unnamed;
  return file;
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_path_(std::move(other.temporary_path_)),
      fd_(std::exchange(other.fd_, -1)),
      writer_(other.writer_),
      if_exists_(other.if_exists_),
      is_unnamed_(other.is_unnamed_),
      status_(std::move(other.status_)) {}

OutputFile::~OutputFile() {
  if (fd_ < 0) return;
  close(fd_);
  if (!temporary_path_.empty() && !is_unnamed_) unlink(temporary_path_.c_str());
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
    status_ = writer_.AppendZeros(data.begin - offset);
    Append(file.bytes().substr(data.begin, data.end - data.begin));
    offset = data.end;
  }
}

absl::Status OutputFile::Commit() {
  if (status_.ok()) status_ = writer_.Finish();
  if (!status_.ok()) {
    return absl::Status(status_.code(), absl::StrCat("cannot write ", path_, ": ", status_.message()));
  }
  if (!temporary_path_.empty()) {
    if (fsync(fd_) != 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path_));
    // Another process may have created something else there meanwhile.
    const absl::StatusOr<OutputPath> output = ResolveOutput(path_);
    if (!output.ok()) return output.status();
    if (output->kind == OutputPath::Kind::kStream || output->kind == OutputPath::Kind::kDisk) return IsDevice(path_);
    if (is_unnamed_) {
      const absl::Status named = GiveName(fd_, temporary_path_);
      if (!named.ok()) return named;
      is_unnamed_ = false;
    }
    const absl::Status status = Rename(temporary_path_, path_, if_exists_);
    if (!status.ok()) return status;
  }
  close(std::exchange(fd_, -1));
  return absl::OkStatus();
}

}  // namespace armstate
