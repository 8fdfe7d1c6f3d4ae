// This header converts trials of several values, as `armstate-kvm probe` makes them, into the equivalent parts of a
// rule.
#ifndef ARMSTATE_SERVER_PROBE_INFER_TRIAL_RULES_H_
#define ARMSTATE_SERVER_PROBE_INFER_TRIAL_RULES_H_

#include <cstdint>

#include "armstate/v1/cpu_profile.pb.h"
#include "server/probe/infer_register_rules.h"
#include "server/probe/recording.h"

namespace armstate {

// Returns null if the pair was not tried.
const ProbeRecording::CounterPair* FindPair(const ProbeRecording::FeatureClass& feature_class, uint64_t set);

// Infers what writes to `id`, a register of the pair, do, if one behaviour explains all steps; otherwise undetermined.
void AddPairTrial(const ProbeRecording::CounterPair& pair, uint64_t id, v1::RegisterRule& rule);

// Handles PSTATE's mode, CCSIDR's line size, PMCR's number of counters and CLIDR's levels, where every value was tried.
void AddRangeTrial(const ProbedRegister& probed, const ProbeRecording::Range& range, const ProbeRecording::Bits& bits,
                   v1::RegisterRule& rule);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROBE_INFER_TRIAL_RULES_H_
