// `SharedView` describes a register that shows the storage of another one.
#ifndef ARMSTATE_CORE_SHARED_VIEW_H_
#define ARMSTATE_CORE_SHARED_VIEW_H_

#include <cstdint>

namespace armstate {

// Both registers have at most 64 bits.
struct SharedView {
  uint32_t index;  // of the register, in the layout
  uint32_t owner;  // of the register with the storage, in the layout
  uint32_t shift;  // bits
};

}  // namespace armstate

#endif  // ARMSTATE_CORE_SHARED_VIEW_H_
