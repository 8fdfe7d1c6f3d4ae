// `Tolerance` is a rule for drift that is known to be harmless: by it, an outcome that would refuse a restore does not.
#ifndef ARMSTATE_CORE_TOLERANCE_H_
#define ARMSTATE_CORE_TOLERANCE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "core/catalog.h"
#include "core/restore.h"

namespace armstate {

enum class RestoreSide {
  kCheckpoint,
  kTarget,       // after the restore
  kTargetReset,  // before, as the target is after reset
};

// A register, or one of its fields, on one side of a restore.
struct ToleranceReference {
  RestoreSide side = RestoreSide::kCheckpoint;
  std::string register_name;
  // Empty: the whole register.
  std::string field;
};

// A condition on the value of a register or of one of its fields; as data: armstate.v1.Tolerance.Condition.
struct ToleranceCondition {
  // kAbsent: there is no such register. All others do not hold then, unless or_absent.
  enum class Comparison { kEqual, kNotEqual, kAtMost, kAtLeast, kAbsent };
  using Side = RestoreSide;

  // The list in which the register is looked up.
  Side side = Side::kCheckpoint;
  // Empty: the register that the rule is applied to.
  std::string register_name;
  // Empty: the whole register.
  std::string field;
  Comparison comparison = Comparison::kEqual;
  // Compared with it, or with `other`; if there is neither, with the same register and field of the target.
  absl::optional<uint64_t> value;
  bool or_absent = false;
  absl::optional<ToleranceReference> other = {};
  // Compares sizes in bits in place of values; see BitsOf (core/resolved_condition.h).
  bool in_bits = false;
};

// One rule. The same, as data, is armstate.v1.Tolerance.
struct Tolerance {
  // IDs that have these bits.
  struct IdPattern {
    uint64_t mask = 0;
    uint64_t value = 0;
  };

  std::string name;    // "hidden-tcr2"
  std::string reason;  // why it is harmless, in one line
  // The registers: names or hexadecimal IDs, as the target's accelerator has them and as the source's has them; and
  // IDs that match one of the patterns.
  std::vector<std::string> registers;
  std::vector<std::string> source_registers;
  std::vector<IdPattern> id_patterns;
  // Only if wanted and got differ in no other field. Empty: anywhere.
  std::vector<std::string> fields;
  // Empty: all that refuse.
  std::vector<RegisterOutcome> outcomes;
  // Nothing: any.
  absl::optional<IdScheme> source;
  absl::optional<IdScheme> target;
  // All must hold.
  std::vector<ToleranceCondition> conditions;
  // Counts only in a conversion (core/conversion.h).
  bool conversion_only = false;
};

}  // namespace armstate

#endif  // ARMSTATE_CORE_TOLERANCE_H_
