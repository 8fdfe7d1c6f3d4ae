// `ListLoad` says how a QEMU merges the register list of a stream with its own.
#ifndef ARMSTATE_CORE_LIST_LOAD_H_
#define ARMSTATE_CORE_LIST_LOAD_H_

#include <vector>

#include "core/register_id.h"

namespace armstate {

// The same, as data, is armstate.v1.ListLoad.
struct ListLoad {
  // The fate of a register that only the target lists.
  enum class Missing {
    kLoadedAsZero,    // a constant that is not 0 then refuses
    kNotInitialized,  // a constant then refuses, unless memory happened to hold it; any other register gets garbage
    kNotKnown,        // one of these
  };

  Missing missing = Missing::kLoadedAsZero;
  bool longer_is_refused = false;
  // Registers that sort after the last register of the target's own list are dropped silently.
  bool last_are_dropped = false;
  // Registers that the target does not list but lets pass, ascending.
  std::vector<RegisterId> ignored;
  // kNotInitialized: constants that were not refused when they were missing, ascending.
  std::vector<RegisterId> taken_without;
};

}  // namespace armstate

#endif  // ARMSTATE_CORE_LIST_LOAD_H_
