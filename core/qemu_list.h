// `IsInQemuList` is true for the registers that QEMU's migration stream has in the list of its `cpu` section.
#ifndef ARMSTATE_CORE_QEMU_LIST_H_
#define ARMSTATE_CORE_QEMU_LIST_H_

#include "core/register_id.h"

namespace armstate {

// False for core, floating-point and vector registers: they are in the fixed part of the section.
inline bool IsInQemuList(RegisterId id) {
  switch (id.register_class()) {
    case RegisterClass::kCore:
    case RegisterClass::kVfp:
    case RegisterClass::kSve:
      return false;
    default:
      return true;
  }
}

}  // namespace armstate

#endif  // ARMSTATE_CORE_QEMU_LIST_H_
