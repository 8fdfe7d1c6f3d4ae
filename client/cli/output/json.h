// `PrintJson` prints a message of the API as JSON.
#ifndef ARMSTATE_CLIENT_CLI_OUTPUT_JSON_H_
#define ARMSTATE_CLIENT_CLI_OUTPUT_JSON_H_

#include <ostream>

#include "client/cli/output/exit_status.h"
#include "google/protobuf/message.h"

namespace armstate {

enum class OutputFormat { kTable, kJson };

// Prints the message as one JSON document with all fields, and returns kOk.
ExitStatus PrintJson(const google::protobuf::Message& message, std::ostream& out);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_CLI_OUTPUT_JSON_H_
