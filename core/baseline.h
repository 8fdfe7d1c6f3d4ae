// The ID register values that a VM must start with to be movable among several KVM hosts.
#ifndef ARMSTATE_CORE_BASELINE_H_
#define ARMSTATE_CORE_BASELINE_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "core/cpu_profile.h"
#include "core/register_list.h"

namespace armstate {

// One ID register with a value that every profile accepts.
struct BaselineRegister {
  RegisterId id;
  std::string value;  // little-endian, as wide as the ID says
  // Profiles that have another value after reset, so that it must be written there. Positions in ComputeBaseline's
  // argument, ascending.
  std::vector<size_t> written_on;
};

// A register, or a field of one, of which no value is accepted by all.
struct BaselineObstacle {
  RegisterId id;
  std::string field;   // empty: the register as a whole
  std::string reason;  // in one line
  // The profiles in the way: those that insist on another value than the safe one, or lack the register.
  std::vector<size_t> profiles;
};

struct Baseline {
  std::vector<BaselineRegister> registers;  // ascending by ID
  std::vector<BaselineObstacle> obstacles;  // ascending by ID, fields by descending position
};

// `profiles` are of KVM, at least one. Each field of an ID register that differs gets the value that the catalog's
// safe rule gives, or, where a profile does not accept that, the next value which the rule prefers and all accept.
// Accepted is what the engine's restore onto each profile says (core/engine_vcpu.h): written, and read back the same.
// No value is guessed: what the profiles do not say is an obstacle. A register with an obstacle has no baseline value.
Baseline ComputeBaseline(absl::Span<const std::shared_ptr<const CpuProfile>> profiles);

}  // namespace armstate

#endif  // ARMSTATE_CORE_BASELINE_H_
