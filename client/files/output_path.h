// `ResolveOutput` determines what writing to a path means.
#ifndef ARMSTATE_CLIENT_FILES_OUTPUT_PATH_H_
#define ARMSTATE_CLIENT_FILES_OUTPUT_PATH_H_

#include <string>

#include "absl/status/statusor.h"

namespace armstate {

struct OutputPath {
  enum class Kind {
    kNew,      // nothing is there
    kRegular,  // a file, which a new one may replace
    kStream,   // a pipe, a terminal, /dev/null: takes bytes in their order
    kDisk,     // a block device
  };

  // Behind symbolic links, which stay: it is what they point to that is replaced.
  std::string path;
  Kind kind;
};

// Errors: INVALID_ARGUMENT for a folder, a socket and a link that points to nothing; otherwise codes of errno.
// All name the path.
absl::StatusOr<OutputPath> ResolveOutput(const std::string& path);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_FILES_OUTPUT_PATH_H_
