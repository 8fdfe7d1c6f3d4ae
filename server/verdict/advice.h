// AdviceFor says what a person can do about a finding of a verdict.
#ifndef ARMSTATE_SERVER_VERDICT_ADVICE_H_
#define ARMSTATE_SERVER_VERDICT_ADVICE_H_

#include <string>

#include "armstate/v1/checkpoint.pb.h"
#include "core/restore.h"
#include "server/verdict/resolved_target.h"

namespace armstate {

// Returns one line; empty if nothing can or need be done. `finding` must be complete except for the advice.
std::string AdviceFor(const RegisterFinding& finding, const v1::Source& source, const ResolvedTarget& target,
                      const CpuProfile& profile);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_VERDICT_ADVICE_H_
