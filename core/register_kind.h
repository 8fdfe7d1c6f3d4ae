// `IsIdRegister` and its like recognise registers that identify a machine rather than hold the state of a guest.
#ifndef ARMSTATE_CORE_REGISTER_KIND_H_
#define ARMSTATE_CORE_REGISTER_KIND_H_

#include "core/register_id.h"

namespace armstate {

// Identification, features, cache and counter geometry: S3_{0,1,3}_C0_Cx_y of AArch64, p15,{0,1},c0 and DBGDIDR of
// AArch32, and CCSIDR. Not CSSELR, which only selects, nor the virtual IDs of EL2 (op1 = 4).
bool IsIdRegister(RegisterId id);

// MIDR_EL1, REVIDR_EL1 and AIDR_EL1: which implementation it is, as opposed to what it can do.
bool IsImplementationId(RegisterId id);

// KVM's firmware registers: PSCI version, levels of workarounds, hypercalls.
bool IsFirmwareRegister(RegisterId id);

// KVM_REG_ARM64_SVE_VLS, the set of vector lengths.
inline constexpr RegisterId kSveVectorLengths = RegisterId::Known<0x6060'0000'0015'ffff>();

}  // namespace armstate

#endif  // ARMSTATE_CORE_REGISTER_KIND_H_
