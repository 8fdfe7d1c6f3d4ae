// `RegisterOutcome` is the result of a restore for one register.
#ifndef ARMSTATE_CORE_REGISTER_OUTCOME_H_
#define ARMSTATE_CORE_REGISTER_OUTCOME_H_

#include <cstdint>

namespace armstate {

// Those marked (R) refuse the restore.
enum class RegisterOutcome : uint8_t {
  kWritten,            // written, reads back as written
  kUnchanged,          // the target already held the value
  kIgnored,            // (R) written without effect: the target kept its own value
  kWriteRefused,       // (R) the target answered with an error
  kDiffers,            // (R) reads back as neither the wanted nor the old value
  kUnknown,            // (R) the target has no such register
  kNotInCheckpoint,    // the target keeps its own value
  kRequired,           // (R) not in the checkpoint, but the target refuses to go without it
  kOverwritten,        // written as wanted, then changed by a later write to a register that shares its storage
  kNotTried,           // the restore was refused before anything was written
  kWriteUndetermined,  // the target's profile does not say what becomes of this value
  kMoving,             // written; a counter that goes on counting
};

}  // namespace armstate

#endif  // ARMSTATE_CORE_REGISTER_OUTCOME_H_
