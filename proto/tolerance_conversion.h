// Text -> armstate.v1.ToleranceSet -> Tolerance.
#ifndef ARMSTATE_PROTO_TOLERANCE_CONVERSION_H_
#define ARMSTATE_PROTO_TOLERANCE_CONVERSION_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "armstate/v1/tolerance.pb.h"
#include "core/tolerance.h"
#include "google/protobuf/repeated_field.h"

namespace armstate {

// What only the message can get wrong: INVALID_ARGUMENT, reason TOLERANCE_MALFORMED with metadata "tolerance", for an
// outcome without a name, an accelerator other than TCG and KVM, a condition without a comparison or with nothing to
// compare with. The rest is for CheckTolerances (core/tolerance_set.h) to say.
absl::StatusOr<std::vector<Tolerance>> TolerancesFromProto(
    const google::protobuf::RepeatedPtrField<v1::Tolerance>& messages);

// A file in protobuf's text format: `tolerances { ... }`. All that TolerancesFromProto and CheckTolerances refuse, and
// what is no such text, with metadata "line" (from 1).
absl::StatusOr<std::vector<Tolerance>> ParseTolerancesText(absl::string_view text);

}  // namespace armstate

#endif  // ARMSTATE_PROTO_TOLERANCE_CONVERSION_H_
