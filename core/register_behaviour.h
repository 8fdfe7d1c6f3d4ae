// `RegisterBehaviour` is one of the ways in which a KVM host's registers depend on each other: a closed set, with
// parameters from a probe.
#ifndef ARMSTATE_CORE_REGISTER_BEHAVIOUR_H_
#define ARMSTATE_CORE_REGISTER_BEHAVIOUR_H_

#include <cstdint>
#include <variant>
#include <vector>

#include "core/register_id.h"

namespace armstate {

// KVM_REG_ARM64_SVE_VLS: bit n stands for a vector length of n + 1 quadwords. A set is accepted if it is not empty, its
// largest length is not above that of the reset value, and it equals the reset value up to there.
struct VectorLengthsBehaviour {};

// Z, P, FFR: reads cut to the largest vector length, this many bits for each of its quadwords.
struct VectorDataBehaviour {
  uint32_t bits_per_quadword = 0;
};

// PMCR_EL0: N (bits 15-11), the number of event counters, is the VM's. An N above that of the reset value is not taken.
struct CounterControlBehaviour {};

// PMINTEN, PMCNTEN, PMOVS: cut to the counters that PMCR_EL0.N leaves, and the cycle counter (bit 31).
struct CounterBitsBehaviour {
  enum class Write { kAssign, kSet, kClear };
  Write write = Write::kAssign;
};

// ISTATUS (bit 2) reads as 1 once the compare value is not above the counter.
struct TimerControlBehaviour {
  RegisterId compare;
  RegisterId counter;
};

// A workaround level which is `level` while `mask` of the register `controller` is 0. Writes of values up to it, and of
// those in `ignored`, are accepted then and ignored.
struct FirmwareLevelBehaviour {
  RegisterId controller;
  uint64_t mask = 0;
  uint64_t level = 0;
  std::vector<uint64_t> ignored = {};
};

// X0 to X30 and PC: KVM cuts them to 32 bits at each write to a core register while PSTATE is in an AArch32 mode. User
// and System mode have R0 to R14, which are X0 to X14; the other modes have all (Arm ARM, "Mapping of the
// general-purpose registers between the Execution states").
struct NarrowInAArch32Behaviour {
  RegisterId state;  // PSTATE
  bool in_user_mode = false;
};

// Counts on its own; what is written is where it goes on from.
struct MovingCounterBehaviour {};

using RegisterBehaviour = std::variant<std::monostate, VectorLengthsBehaviour, VectorDataBehaviour,
                                       CounterControlBehaviour, CounterBitsBehaviour, TimerControlBehaviour,
                                       FirmwareLevelBehaviour, MovingCounterBehaviour, NarrowInAArch32Behaviour>;

}  // namespace armstate

#endif  // ARMSTATE_CORE_REGISTER_BEHAVIOUR_H_
