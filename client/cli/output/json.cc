#include "client/cli/output/json.h"

#include <string>

#include "google/protobuf/util/json_util.h"

namespace armstate {

ExitStatus PrintJson(const google::protobuf::Message& message, std::ostream& out) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  std::string text;
  // Fails only for messages that are malformed in themselves, e.g. an Any of an unknown type; none of ours is.
  if (!google::protobuf::util::MessageToJsonString(message, &text, options).ok()) return ExitStatus::kError;
  out << text;
  return ExitStatus::kOk;
}

}  // namespace armstate
