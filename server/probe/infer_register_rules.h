// AddRule infers the rule of one register from a probe's experiments.
#ifndef ARMSTATE_SERVER_PROBE_INFER_REGISTER_RULES_H_
#define ARMSTATE_SERVER_PROBE_INFER_REGISTER_RULES_H_

#include <cstdint>

#include "armstate/v1/cpu_profile.pb.h"
#include "server/probe/recording.h"

namespace armstate {

// Refers to its parts, which must outlive it.
struct ProbedRegister {
  uint64_t id;
  uint64_t reset;  // the low 64 bits
  uint32_t width;  // bytes
  // Null if the register was not experimented on.
  const ProbeRecording::Experiments* experiments;
  const ProbeRecording::FeatureClass& feature_class;
  const ProbeRecording& probe;
  bool writable_implementation_id;

  uint64_t ResetOf(uint64_t other) const;
  bool has(uint64_t other) const { return feature_class.vcpus[0].count(other) > 0; }
};

// Adds everything to the rule except `id`, `reset` and the growth of `reset`.
void AddRule(const ProbedRegister& probed, v1::RegisterRule& rule);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROBE_INFER_REGISTER_RULES_H_
