// `WriteRule` computes what a KVM host stores for a written value, as experiments on a scratch VM have shown.
#ifndef ARMSTATE_CORE_WRITE_RULE_H_
#define ARMSTATE_CORE_WRITE_RULE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace armstate {

// Looks a value up in `values`; if it is not there, every field and bit in which it differs from the reset value must
// be accepted on its own. Says UNDETERMINED where no experiment says more. For registers of at most 64 bits
// (only `undetermined` and `error` for wider ones).
// The same, as data, is armstate.v1.RegisterRule.
struct WriteRule {
  struct RefusedBits {
    uint64_t mask = 0;
    std::string error;  // "EINVAL"
  };
  struct ReadBack {
    uint32_t wrote = 0;
    uint32_t reads = 0;
  };
  // Bit v of a bitmap stands for value v of bits shift .. shift + width - 1.
  struct Field {
    uint32_t shift = 0;
    uint32_t width = 0;  // 1 to 5
    uint32_t accepted = 0;
    uint32_t refused = 0;
    std::vector<ReadBack> read_back;
  };
  struct Value {
    uint64_t value = 0;
    std::string error;  // empty: accepted
    uint64_t reads = 0;
  };

  std::vector<RefusedBits> refused;
  // In a register of more than 64 bits any bit here means all of them.
  uint64_t undetermined = 0;
  std::vector<Field> fields;
  std::vector<Value> values;
  std::vector<uint64_t> refused_if_zero;
  // The errno of fields, refused_if_zero and the register's behaviour.
  std::string error;

  // The value that the host stores, in the bits that can be written. UndeterminedError, or RefusedError with the errno.
  absl::StatusOr<uint64_t> Accept(uint64_t wanted, uint64_t reset) const;
};

}  // namespace armstate

#endif  // ARMSTATE_CORE_WRITE_RULE_H_
