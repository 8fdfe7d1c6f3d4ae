// armstate.v1.RegisterRule -> RegisterRule.
#ifndef ARMSTATE_PROTO_REGISTER_RULE_CONVERSION_H_
#define ARMSTATE_PROTO_REGISTER_RULE_CONVERSION_H_

#include "absl/status/statusor.h"
#include "armstate/v1/cpu_profile.pb.h"
#include "core/register_rule.h"

namespace armstate {

// INVALID_ARGUMENT, reason CPU_PROFILE_MALFORMED with metadata "register_id": an ID that is none, a value wider than
// its register. Whether the rule is fit for the register is for CpuProfile::Create to say.
absl::StatusOr<RegisterRule> RegisterRuleFromProto(const v1::RegisterRule& message);

}  // namespace armstate

#endif  // ARMSTATE_PROTO_REGISTER_RULE_CONVERSION_H_
