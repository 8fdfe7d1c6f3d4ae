#include "client/files/output_path.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cerrno>

#include "absl/strings/str_cat.h"

namespace armstate {
namespace {

absl::Status CannotBeWritten(const std::string& path, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("cannot write ", path, ": it is ", what, "; name a file"));
}

}  // namespace

absl::StatusOr<OutputPath> ResolveOutput(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) {
    const int error = errno;
    if (error != ENOENT) return absl::ErrnoToStatus(error, absl::StrCat("cannot write ", path));
    if (lstat(path.c_str(), &info) == 0) return CannotBeWritten(path, "a symbolic link that points to nothing");
    return OutputPath{path, OutputPath::Kind::kNew};
  }
  switch (info.st_mode & S_IFMT) {
    case S_IFREG: {
      char resolved[PATH_MAX];
      if (realpath(path.c_str(), resolved) == nullptr) {
        return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path));
      }
      return OutputPath{resolved, OutputPath::Kind::kRegular};
    }
    case S_IFCHR:
    case S_IFIFO:
      return OutputPath{path, OutputPath::Kind::kStream};
    case S_IFDIR:
      return CannotBeWritten(path, "a folder");
    case S_IFBLK:
      return OutputPath{path, OutputPath::Kind::kDisk};
    default:
      return CannotBeWritten(path, "neither a file, a pipe nor a device");
  }
}

}  // namespace armstate
