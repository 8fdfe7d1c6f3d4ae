// `CreateUnlinkedFile` makes temporary files without a name: whatever happens to the program, nothing of them remains.
#ifndef ARMSTATE_CLIENT_FILES_UNLINKED_FILE_H_
#define ARMSTATE_CLIENT_FILES_UNLINKED_FILE_H_

#include "absl/status/statusor.h"
#include "client/files/unique_fd.h"

namespace armstate {

// An empty file, open for reading and writing, in $TMPDIR or else in /var/tmp: not in /tmp, which is often memory,
// since these files hold what may be larger than memory. Codes of errno.
absl::StatusOr<UniqueFd> CreateUnlinkedFile();

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_FILES_UNLINKED_FILE_H_
