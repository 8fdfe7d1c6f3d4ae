// `ClassOfId` and the constants here name the registers that a probe treats specially.
#ifndef ARMSTATE_CLIENT_KVM_PROBE_KNOWN_REGISTERS_H_
#define ARMSTATE_CLIENT_KVM_PROBE_KNOWN_REGISTERS_H_

#include <cstdint>

#include "core/register_id.h"

namespace armstate {

inline constexpr uint64_t kProbePstate = 0x6030'0000'0010'0042;
inline constexpr uint64_t kProbeMidr = RegisterId::System(3, 0, 0, 0, 0).raw();
inline constexpr uint64_t kProbeRevidr = RegisterId::System(3, 0, 0, 0, 6).raw();
inline constexpr uint64_t kProbeAidr = RegisterId::System(3, 1, 0, 0, 7).raw();
inline constexpr uint64_t kProbeClidr = RegisterId::System(3, 1, 0, 0, 1).raw();
inline constexpr uint64_t kProbeCtr = RegisterId::System(3, 3, 0, 0, 1).raw();
inline constexpr uint64_t kProbePfr1 = RegisterId::System(3, 0, 0, 4, 1).raw();
inline constexpr uint64_t kProbePmcr = RegisterId::System(3, 3, 9, 12, 0).raw();

// Two names of the same bits: a guest's write sets them with one and clears them with the other.
struct ProbePair {
  uint64_t set, clear;
};
inline constexpr ProbePair kProbePairs[] = {
    {RegisterId::System(3, 0, 9, 14, 1).raw(), RegisterId::System(3, 0, 9, 14, 2).raw()},  // PMINTEN
    {RegisterId::System(3, 3, 9, 12, 1).raw(), RegisterId::System(3, 3, 9, 12, 2).raw()},  // PMCNTEN
    {RegisterId::System(3, 3, 9, 14, 3).raw(), RegisterId::System(3, 3, 9, 12, 3).raw()},  // PMOVS
};

struct ProbeTimer {
  uint64_t control, compare;
};
inline constexpr ProbeTimer kProbeTimers[] = {
    {0x6030'0000'0013'df19, 0x6030'0000'0013'df02},  // TIMER_CTL, TIMER_CVAL (KVM's swap)
    {0x6030'0000'0013'df11, 0x6030'0000'0013'df12},  // CNTP_CTL_EL0, CNTP_CVAL_EL0
};

inline RegisterClass ClassOfId(uint64_t id) { return static_cast<RegisterClass>(id >> 16 & 0xfff); }

// ID_..._EL1 and CTR_EL0: made of 4-bit fields.
inline bool HasIdFields(uint64_t id) {
  return id == kProbeCtr ||
         (id >= RegisterId::System(3, 0, 0, 1, 0).raw() && id <= RegisterId::System(3, 0, 0, 7, 7).raw());
}

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_KVM_PROBE_KNOWN_REGISTERS_H_
