// `AArch64RegisterOf` returns the AArch64 register that an AArch32 register is mapped to: SCTLR is SCTLR_EL1, DACR is
// DACR32_EL2, R13 of IRQ mode is X17.
#ifndef ARMSTATE_CORE_CATALOG_MAPPING_H_
#define ARMSTATE_CORE_CATALOG_MAPPING_H_

#include "absl/types/optional.h"
#include "core/catalog.h"
#include "core/register_id.h"

namespace armstate {

// Nothing if the architecture maps the register to none, or to several; for AArch64 registers; and for a second copy
// (_S, _NS).
absl::optional<RegisterId> AArch64RegisterOf(RegisterId id, IdScheme scheme);

// Bit 0 of the AArch32 register is this bit of that AArch64 register: 0, or 32 where it is the upper half (IFAR of
// FAR_EL1).
int FirstBitInAArch64(RegisterId id, IdScheme scheme);

}  // namespace armstate

#endif  // ARMSTATE_CORE_CATALOG_MAPPING_H_
