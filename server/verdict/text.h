// ExplainVcpu and BriefText put the findings of a verdict into words.
#ifndef ARMSTATE_SERVER_VERDICT_TEXT_H_
#define ARMSTATE_SERVER_VERDICT_TEXT_H_

#include <string>

#include "armstate/v1/checkpoint.pb.h"
#include "core/engine_vcpu.h"
#include "core/restore.h"
#include "server/verdict/resolved_target.h"

namespace armstate {

// The use of a report: a conversion has other ways out than a restore.
enum class AdvisedUse { kRestore, kConversion };

// Completes the report of one vCPU: which values the target accepts for each field, why, and what to do about it.
void ExplainVcpu(const v1::Source& source, const ResolvedTarget& target, VcpuPosition position, AdvisedUse use,
                 RestoreReport& report);

// Returns a finding in a few words, for a line about a whole host: "ID_AA64PFR0_EL1.CSV2 wanted 2, accepts 0 or 1".
// `fresh` is a vCPU of the target in reset state.
std::string BriefText(const RegisterFinding& finding, const EngineVcpu& fresh);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_VERDICT_TEXT_H_
