// AcceptedValues finds out which values of a field a target accepts.
#ifndef ARMSTATE_SERVER_VERDICT_ACCEPTED_VALUES_H_
#define ARMSTATE_SERVER_VERDICT_ACCEPTED_VALUES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/engine_vcpu.h"

namespace armstate {

// Returns, in ascending order, the values of the field `mask` (adjacent bits) of register `index` that the vCPU accepts
// and keeps while all other state stays as it is. Each value is tried on a copy of the vCPU. Empty if the field has
// more than 5 bits or the register more than 64.
std::vector<uint64_t> AcceptedValues(const EngineVcpu& vcpu, size_t index, uint64_t mask);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_VERDICT_ACCEPTED_VALUES_H_
