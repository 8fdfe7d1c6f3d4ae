// This header converts the text of advice rules and armstate.v1.AdviceRule to AdviceRule, and Advice to
// armstate.v1.Advice.
#ifndef ARMSTATE_PROTO_ADVICE_CONVERSION_H_
#define ARMSTATE_PROTO_ADVICE_CONVERSION_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "armstate/v1/advice.pb.h"
#include "core/advice.h"
#include "google/protobuf/repeated_field.h"

namespace armstate {

// INVALID_ARGUMENT, naming the rule: no kind or severity, an outcome without a name, an accelerator other than TCG and
// KVM, a condition without a comparison or operand. CheckAdvice (core/advice_set.h) checks the rest.
absl::StatusOr<std::vector<AdviceRule>> AdviceRulesFromProto(
    const google::protobuf::RepeatedPtrField<v1::AdviceRule>& messages);

// Parses a file in protobuf text format: `rules { ... }`. Its rules join `others`, whose names they cannot have.
// Errors: those of AdviceRulesFromProto and CheckAdvice, malformed text, and too many rules, each with the line (from
// 1).
absl::StatusOr<std::vector<AdviceRule>> ParseAdviceText(absl::string_view text, absl::Span<const AdviceRule> others);

v1::Advice AdviceToProto(const Advice& advice, IdScheme target_scheme);

}  // namespace armstate

#endif  // ARMSTATE_PROTO_ADVICE_CONVERSION_H_
