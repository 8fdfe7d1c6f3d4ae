// RegisterRuleFromProto converts armstate.v1.RegisterRule to RegisterRule.
#ifndef ARMSTATE_PROTO_REGISTER_RULE_CONVERSION_H_
#define ARMSTATE_PROTO_REGISTER_RULE_CONVERSION_H_

#include "absl/status/statusor.h"
#include "armstate/v1/cpu_profile.pb.h"
#include "core/register_rule.h"

namespace armstate {

// INVALID_ARGUMENT, reason CPU_PROFILE_MALFORMED with metadata "register_id": an invalid ID, or a value wider than its
// register. CpuProfile::Create checks whether the rule suits the register.
absl::StatusOr<RegisterRule> RegisterRuleFromProto(const v1::RegisterRule& message);

}  // namespace armstate

#endif  // ARMSTATE_PROTO_REGISTER_RULE_CONVERSION_H_
