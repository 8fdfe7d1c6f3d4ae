// AdviceFor says what a person can do about a finding of a verdict.
#ifndef ARMSTATE_SERVER_VERDICT_ADVICE_H_
#define ARMSTATE_SERVER_VERDICT_ADVICE_H_

#include <string>

#include "armstate/v1/checkpoint.pb.h"
#include "armstate/v1/restore_service.pb.h"
#include "server/verdict/judged_target.h"

namespace armstate {

// Returns one line; empty if nothing can or need be done. `finding` must be complete except for the advice.
std::string AdviceFor(const v1::RegisterReport& finding, const v1::Source& source, const ResolvedTarget& target,
                      const CpuProfile& profile);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_VERDICT_ADVICE_H_
