// ReadSmallFile reads a file that the operator or the user names: rules, certificates, keys.
#ifndef ARMSTATE_PROTO_SMALL_FILE_H_
#define ARMSTATE_PROTO_SMALL_FILE_H_

#include <string>

#include "absl/status/statusor.h"

namespace armstate {

// Never waits. INVALID_ARGUMENT for anything but a regular file of at most 1 MiB: a pipe or device might never end.
// NOT_FOUND if the file cannot be read. Each error names the file and says why.
absl::StatusOr<std::string> ReadSmallFile(const std::string& file);

}  // namespace armstate

#endif  // ARMSTATE_PROTO_SMALL_FILE_H_
