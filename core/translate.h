// `TranslateList` renames the registers of a list taken under one accelerator for a target of the other.
#ifndef ARMSTATE_CORE_TRANSLATE_H_
#define ARMSTATE_CORE_TRANSLATE_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "core/catalog.h"
#include "core/register_list.h"
#include "core/vcpu_state.h"

namespace armstate {

// A register of the target that gets its value in another way than by its own ID.
struct TranslatedRegister {
  RegisterId to;  // in the target's scheme
  // In the source's scheme; nothing if the value is a constant.
  absl::optional<RegisterId> from;
  // Why, in one line.
  absl::string_view reason;
};

struct Translation {
  // In the target's scheme.
  RegisterList registers;
  // Ascending by `to`.
  std::vector<TranslatedRegister> translated;
};

// `list` for a target with the registers `target`: state that both accelerators have under different IDs gets the
// target's ID. These are KVM's virtual timer with its swapped encodings, and registers that QEMU's emulation
// lists only under an AArch32 ID or in another width. All others keep ID and value: the restore reports what the target
// lacks, and named rules (profiles/tolerances.textproto) say what of it is harmless. The list as it is if the schemes
// are the same.
Translation TranslateList(const RegisterList& list, IdScheme source_scheme, IdScheme target_scheme,
                          const RegisterLayout& target);

// `list` of QEMU's emulation for a target of another release or CPU, which lists some registers under another ID, or
// has vectors of another size. Only where the target lacks the one ID and the list the other; a value that does not fit
// keeps its ID.
Translation RenameRegisters(const RegisterList& list, const RegisterLayout& target);

// State that no register ID names, for a target of the other accelerator: whether the vCPU is on, which is QEMU's
// power_state (one byte, left out if 0: on; 1: off) and KVM's kvm.mp_state (32 bits, little-endian; 0: runnable, 5:
// stopped). All else belongs to one of them: QEMU's exclusive monitor, which a guest must expect to lose, its timers'
// deadlines, which follow from registers, and KVM's pending events. The fields as they are if the schemes are the same.
std::vector<OpaqueField> TranslateOpaqueFields(const std::vector<OpaqueField>& fields, IdScheme source_scheme,
                                               IdScheme target_scheme);

}  // namespace armstate

#endif  // ARMSTATE_CORE_TRANSLATE_H_
