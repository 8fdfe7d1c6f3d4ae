// `PlannedValue` returns the value that a restore plan writes for a register, given the report of the restore.
#ifndef ARMSTATE_CORE_PLANNED_VALUE_H_
#define ARMSTATE_CORE_PLANNED_VALUE_H_

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "core/catalog.h"
#include "core/restore.h"

namespace armstate {

// The value to write for a register with this finding, after tolerances were applied; nothing if it is left out.
//
// Left out is what the target lacks, and what a tolerance covers although the target would refuse it or may refuse it.
// QEMU's emulation refuses a whole list because of one register that it does not keep: where a tolerance covers that,
// the register is given what the target makes of it. All else is written as wanted.
absl::optional<absl::string_view> PlannedValue(const RegisterFinding& finding, IdScheme target);

}  // namespace armstate

#endif  // ARMSTATE_CORE_PLANNED_VALUE_H_
