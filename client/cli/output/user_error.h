// `UsageError`, `WithNextStep` and `WithExcerpt` make errors that tell the user of the command more than a message.
#ifndef ARMSTATE_CLIENT_CLI_OUTPUT_USER_ERROR_H_
#define ARMSTATE_CLIENT_CLI_OUTPUT_USER_ERROR_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace armstate {

// INVALID_ARGUMENT without a reason of the wire, for an invalid command line. Exits with kUsage.
absl::Status UsageError(absl::string_view message);
bool IsUsageError(const absl::Status& status);

// The same error, with what the user can do about it.
absl::Status WithNextStep(absl::Status status, absl::string_view next_step);
// The same error, with the lines of the input that show where it is. They end in a newline.
absl::Status WithExcerpt(absl::Status status, absl::string_view excerpt);
// Both are empty if the error has no such text.
std::string GetExcerpt(const absl::Status& status);
std::string GetNextStep(const absl::Status& status);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_CLI_OUTPUT_USER_ERROR_H_
