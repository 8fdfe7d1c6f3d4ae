// What a person can do about a finding of a verdict.
#ifndef ARMSTATE_SERVER_VERDICT_ADVICE_H_
#define ARMSTATE_SERVER_VERDICT_ADVICE_H_

#include <string>

#include "armstate/v1/checkpoint.pb.h"
#include "armstate/v1/restore_service.pb.h"
#include "server/verdict/judged_target.h"

namespace armstate {

// In one line; empty if nothing can be done, or nothing needs to be. `finding` is complete but for the advice.
std::string AdviceFor(const v1::RegisterReport& finding, const v1::Source& source, const ResolvedTarget& target,
                      const CpuProfile& profile);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_VERDICT_ADVICE_H_
