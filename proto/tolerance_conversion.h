// This header converts the text of tolerances to armstate.v1.ToleranceSet and to Tolerance.
#ifndef ARMSTATE_PROTO_TOLERANCE_CONVERSION_H_
#define ARMSTATE_PROTO_TOLERANCE_CONVERSION_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "armstate/v1/tolerance.pb.h"
#include "core/tolerance.h"
#include "google/protobuf/repeated_field.h"

namespace armstate {

// Checks what only the message can get wrong. INVALID_ARGUMENT, reason TOLERANCE_MALFORMED with metadata "tolerance":
// an outcome without a name, an accelerator other than TCG and KVM, a condition without a comparison or operand.
// CheckTolerances (core/tolerance_set.h) checks the rest.
absl::StatusOr<std::vector<Tolerance>> TolerancesFromProto(
    const google::protobuf::RepeatedPtrField<v1::Tolerance>& messages);

// INVALID_ARGUMENT that does not name the rule: no comparison or operand, an unknown side.
absl::StatusOr<ToleranceCondition> ToleranceConditionFromProto(const v1::Tolerance::Condition& message);

// Sets the scheme for TCG and KVM. False for what is neither these nor unspecified.
bool IdSchemeFromProto(v1::Accelerator accelerator, absl::optional<IdScheme>& scheme);

// Parses a file in protobuf text format: `tolerances { ... }`. Errors: those of TolerancesFromProto and
// CheckTolerances, and malformed text, with metadata "line" (from 1).
absl::StatusOr<std::vector<Tolerance>> ParseTolerancesText(absl::string_view text);

}  // namespace armstate

#endif  // ARMSTATE_PROTO_TOLERANCE_CONVERSION_H_
