// `RegisterGroup` classifies registers by their purpose, so that reports begin with the important ones.
#ifndef ARMSTATE_CORE_REGISTER_GROUP_H_
#define ARMSTATE_CORE_REGISTER_GROUP_H_

#include "core/catalog.h"
#include "core/register_id.h"

namespace armstate {

// In the order in which people want to see them.
enum class RegisterGroup {
  kControl,         // what the vCPU does: SCTLR_EL1, TTBR0_EL1, VBAR_EL1 ...
  kIdentification,  // what it is: MIDR_EL1, ID registers, firmware versions
  kException,       // what went wrong and where: ESR_EL1, FAR_EL1, ELR_EL1, SPSR_EL1 ...
  kDebug,
  kInterruptController,
  kOtherSystem,  // what software put there, and what we know no name of
  kPerformanceMonitor,
  kTimer,    // timers and counters
  kGeneral,  // X0 to X30, SP, PC, PSTATE; R0 to R15
  kVector,   // SIMD, floating point, SVE, SME
};

RegisterGroup GroupOf(RegisterId id, IdScheme scheme);

}  // namespace armstate

#endif  // ARMSTATE_CORE_REGISTER_GROUP_H_
