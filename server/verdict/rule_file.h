// ReadRuleFile reads a file of rules that the operator names.
#ifndef ARMSTATE_SERVER_VERDICT_RULE_FILE_H_
#define ARMSTATE_SERVER_VERDICT_RULE_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace armstate {

// `what` names the rules in errors: "tolerances". INVALID_ARGUMENT for anything but a regular file of at most 1 MiB: a
// pipe or device might never end. NOT_FOUND if the file cannot be read.
absl::StatusOr<std::string> ReadRuleFile(const std::string& file, absl::string_view what);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_VERDICT_RULE_FILE_H_
