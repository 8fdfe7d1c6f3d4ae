#include "client/files/unlinked_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "absl/strings/str_cat.h"

namespace armstate {

absl::StatusOr<UniqueFd> CreateUnlinkedFile() {
  const char* folder = getenv("TMPDIR");
  if (folder == nullptr || *folder == '\0') folder = "/var/tmp";
  std::string path = absl::StrCat(folder, "/armstate.XXXXXX");
  UniqueFd fd(mkostemp(path.data(), O_CLOEXEC));
  if (fd.get() < 0) {
    return absl::ErrnoToStatus(
        errno, absl::StrCat("cannot make a temporary file in ", folder, " (another folder can be named in TMPDIR)"));
  }
  unlink(path.c_str());
  return fd;
}

}  // namespace armstate
