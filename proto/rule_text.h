// ParseRuleText parses a file of rules (tolerances, advice) in protobuf text format.
#ifndef ARMSTATE_PROTO_RULE_TEXT_H_
#define ARMSTATE_PROTO_RULE_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "google/protobuf/message.h"
#include "google/protobuf/text_format.h"

namespace armstate {

struct RuleTextError {
  int line;  // from 0, as protobuf counts
  std::string message;
  int column = 0;  // from 0

  // "line 2, column 7: ...", counted from 1.
  std::string ToString() const;
};

// Returns the first error; those that follow are often only its consequence. `locations` tells the line of each rule.
absl::optional<RuleTextError> ParseRuleText(absl::string_view text, google::protobuf::Message& set,
                                            google::protobuf::TextFormat::ParseInfoTree& locations);

}  // namespace armstate

#endif  // ARMSTATE_PROTO_RULE_TEXT_H_
