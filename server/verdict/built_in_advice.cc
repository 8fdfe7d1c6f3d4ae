#include "server/verdict/built_in_advice.h"

#include "armstate/v1/advice.pb.h"
#include "proto/advice_conversion.h"

// //profiles:built_in
extern "C" const char armstate_advice_set[];
extern "C" const char armstate_advice_set_end[];

namespace armstate {

absl::StatusOr<std::vector<AdviceRule>> BuiltInAdvice() {
  v1::AdviceSet set;
  if (!set.ParseFromArray(armstate_advice_set, static_cast<int>(armstate_advice_set_end - armstate_advice_set))) {
    return absl::InternalError("the built-in advice cannot be read: the program file is corrupt");
  }
  return AdviceRulesFromProto(set.rules());
}

}  // namespace armstate
