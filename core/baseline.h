// `ComputeBaseline` finds the ID register values with which a VM must start to be movable among several KVM hosts.
#ifndef ARMSTATE_CORE_BASELINE_H_
#define ARMSTATE_CORE_BASELINE_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/cpu_profile.h"
#include "core/stop_check.h"
#include "core/tolerance_set.h"

namespace armstate {

// One ID register with a value that every profile accepts.
struct BaselineRegister {
  RegisterId id;
  std::string value;  // little-endian, as wide as the ID says
  // Profiles that have another value after reset, so that it must be written there. Positions in ComputeBaseline's
  // argument, ascending; as in BaselineObstacle.
  std::vector<size_t> written_on;
};

// A register, or a field of one, that stays in the way: a VM of one profile is refused by another because of it.
struct BaselineObstacle {
  RegisterId id;
  std::string field;   // "PAN"; "[7:4]" for bits without a name; empty: the register as a whole
  std::string reason;  // in one line
  // Those that do not accept the value that the safe rule asks for, or that lack the register.
  std::vector<size_t> profiles;
};

struct Baseline {
  std::vector<BaselineRegister> registers;  // ascending by ID
  std::vector<BaselineObstacle> obstacles;  // ascending by ID
};

// `profiles` are of KVM, at least one; `tolerances` are between KVM and KVM.
//
// Each field of an ID register in which the profiles differ gets the value that the catalog's safe rule gives, or,
// where a profile does not accept that, the next value that the rule prefers and all accept. Registers whose fields
// have no such rule (MIDR_EL1) get the value of the first profile that all accept. Accepted is what a restore onto an
// engine vCPU of the profile says: written, and read back the same; what a profile does not say is not accepted.
//
// Then a VM of each profile, started with these values, is restored onto each other one. What refuses it, and no
// tolerance covers, is an obstacle; a register of which that is not true has a value here or needs none.
//
// `stop` is asked before each restore; its error is all that can go wrong.
absl::StatusOr<Baseline> ComputeBaseline(absl::Span<const std::shared_ptr<const CpuProfile>> profiles,
                                         const ToleranceSet& tolerances, const StopCheck& stop = NeverStop);

}  // namespace armstate

#endif  // ARMSTATE_CORE_BASELINE_H_
