// Trials of several values, as `armstate-kvm probe` makes them -> the parts of a rule that say the same.
#ifndef ARMSTATE_SERVER_PROBE_INFER_TRIAL_RULES_H_
#define ARMSTATE_SERVER_PROBE_INFER_TRIAL_RULES_H_

#include <cstdint>

#include "armstate/v1/cpu_profile.pb.h"
#include "server/probe/infer_register_rules.h"
#include "server/probe/recording.h"

namespace armstate {

// Null if the pair was not tried.
const HostProbe::CounterPair* FindPair(const HostProbe::FeatureClass& feature_class, uint64_t set);

// What writes to `id`, one of the pair, do, if one behaviour explains all steps; undetermined otherwise.
void AddPairTrial(const HostProbe::CounterPair& pair, uint64_t id, v1::RegisterRule& rule);

// PSTATE's mode, CCSIDR's line size, PMCR's number of counters, CLIDR's levels: every value was tried.
void AddRangeTrial(const ProbedRegister& probed, const HostProbe::Range& range, const HostProbe::Bits& bits,
                   v1::RegisterRule& rule);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROBE_INFER_TRIAL_RULES_H_
