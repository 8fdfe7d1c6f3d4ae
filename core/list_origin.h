// `OriginOfList` infers from the IDs of a register list what made it.
#ifndef ARMSTATE_CORE_LIST_ORIGIN_H_
#define ARMSTATE_CORE_LIST_ORIGIN_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace armstate {

// The list decides what some IDs mean, and each of its makers has registers that no other one lists.
enum class ListOrigin {
  kUnknown,  // none of the others' own registers: a Cortex-M of QEMU's emulation has no system registers at all
  kTcg,      // QEMU's emulation: AArch32 registers with the private bit 29
  kKvm,      // firmware registers (0x603000000014....), cache sizes (0x602000000011....), the set of vector lengths
  kHvf,      // Apple's Hypervisor framework under QEMU: SPSR_EL1, ELR_EL1 and SP_EL0 as system registers
};

struct ListEvidence {
  ListOrigin origin = ListOrigin::kUnknown;
  // The first register that shows it; 0 if the origin is unknown.
  uint64_t id = 0;
};

// `ids` in any order; they need not be valid register IDs.
ListEvidence OriginOfList(absl::Span<const uint64_t> ids);

// "KVM", "QEMU's emulation (TCG)", "HVF", or "unknown".
absl::string_view ListOriginName(ListOrigin origin);

}  // namespace armstate

#endif  // ARMSTATE_CORE_LIST_ORIGIN_H_
