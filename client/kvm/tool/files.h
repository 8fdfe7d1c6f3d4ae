// `ReadJsonFile` and `WriteJsonFile` read and write messages in files, as JSON.
#ifndef ARMSTATE_CLIENT_KVM_TOOL_FILES_H_
#define ARMSTATE_CLIENT_KVM_TOOL_FILES_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace armstate {

// Fills `result` from a file; "-" is standard input. INVALID_ARGUMENT naming the file and what is wrong; codes of
// errno if it cannot be read.
absl::Status ReadJsonFile(const std::string& path, google::protobuf::Message& result);

// The file is there in whole or not at all, and replaced if it was there. Only its owner can read it: a guest's
// registers and memory hold keys.
absl::Status WriteJsonFile(const std::string& path, const google::protobuf::Message& message);
absl::Status WriteFile(const std::string& path, absl::string_view bytes);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_KVM_TOOL_FILES_H_
