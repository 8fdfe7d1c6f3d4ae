// `RestoreOrder` computes the order in which a restore writes registers; the reasons are beside the rules.
#ifndef ARMSTATE_CORE_RESTORE_ORDER_H_
#define ARMSTATE_CORE_RESTORE_ORDER_H_

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "core/catalog.h"
#include "core/register_list.h"

namespace armstate {

struct RestorePhaseInfo {
  absl::string_view name;
  absl::string_view reason;
};

// The phases, in order, of a target whose lists follow `scheme`.
absl::Span<const RestorePhaseInfo> RestorePhases(IdScheme scheme);

// The phase of a register: an index into RestorePhases(scheme).
uint32_t RestorePhaseOf(RegisterId id, IdScheme scheme);

// Positions in the layout, by phase, and within a phase by ID.
std::vector<uint32_t> RestoreOrder(const RegisterLayout& layout, IdScheme scheme);

// True for the ID and firmware registers of KVM: on some kernels one copy of them is all vCPUs'.
bool IsVmWideOnKvm(RegisterId id);

}  // namespace armstate

#endif  // ARMSTATE_CORE_RESTORE_ORDER_H_
