// Register list -> port: every register written in the target's order, read back, and accounted for.
#ifndef ARMSTATE_CORE_RESTORE_H_
#define ARMSTATE_CORE_RESTORE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/register_list.h"
#include "core/vcpu_register_port.h"

namespace armstate {

// What became of one register. Those marked (R) refuse the restore.
enum class RegisterOutcome : uint8_t {
  kWritten,          // written, reads back as written
  kUnchanged,        // the target already held the value
  kIgnored,          // (R) written without effect: the target kept its own value
  kWriteRefused,     // (R) the target answered with an error
  kDiffers,          // (R) reads back as neither the wanted nor the old value
  kUnknown,          // (R) the target has no such register
  kNotInCheckpoint,  // the target keeps its own value
  kRequired,         // (R) not in the checkpoint, but the target refuses to go without it
  kOverwritten,      // written as wanted, then changed by a later write to a register that shares its storage
  kNotTried,         // the restore was refused before anything was written
};

bool Refuses(RegisterOutcome outcome);

// A register that is not simply written or unchanged.
struct RegisterFinding {
  RegisterId id;
  RegisterOutcome outcome;
  // Little-endian, as wide as the ID says; empty where there is no such value.
  std::string wanted;
  std::string got;
  // Why, in one line.
  std::string reason;
  // After a refused all-or-nothing restore: it could not be put back, and why. Empty otherwise.
  std::string put_back_error;
};

enum class Verdict { kAccepted, kAcceptedWithChanges, kRefused };

struct RestoreReport {
  Verdict verdict = Verdict::kAccepted;
  // One for each register of the port's layout.
  std::vector<RegisterOutcome> outcomes;
  // All registers but the written and unchanged ones, and the unknown ones: ascending IDs.
  std::vector<RegisterFinding> findings;
  // The target was left as it was before.
  bool rolled_back = false;
};

enum class OnRefusal {
  kPutBack,    // all or nothing: what was written is put back
  kKeepGoing,  // what was accepted stays, as QEMU's write_list_to_cpustate does
};

// What a list means for the registers that it lacks.
enum class ListScope {
  kWholeVcpu,      // they are missing: reported, and refused where the target requires them
  kSomeRegisters,  // they are not meant
};

// Restores `list` into `port`. Never stops at the first finding. With kPutBack nothing is written where the lists alone
// show that the restore is refused (an unknown or a required register); kKeepGoing tries everything that can be tried.
RestoreReport RestoreRegisters(const RegisterList& list, VcpuRegisterPort& port, OnRefusal on_refusal,
                               ListScope scope = ListScope::kWholeVcpu);

}  // namespace armstate

#endif  // ARMSTATE_CORE_RESTORE_H_
