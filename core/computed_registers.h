// `ComputedRegisters` imitates a KVM host's registers whose values depend on other registers, at writes and at reads.
#ifndef ARMSTATE_CORE_COMPUTED_REGISTERS_H_
#define ARMSTATE_CORE_COMPUTED_REGISTERS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "core/register_list.h"
#include "core/register_rule.h"

namespace armstate {

// The rules of a profile with write rules or behaviours, and where in the layout the registers lie that they depend on.
// Storage is a value area of the layout. Immutable, thread-safe.
class ComputedRegisters {
 public:
  ComputedRegisters() = default;

  // INVALID_ARGUMENT, reason CPU_PROFILE_MALFORMED with metadata "register_id", if a rule is not fit for a register of
  // this width, or a register is missing that it depends on.
  static absl::StatusOr<ComputedRegisters> Create(const RegisterLayout& layout, std::vector<RegisterRule> rules);

  // True for a profile without write rules and behaviours.
  bool empty() const { return rules_.empty(); }

  // The value that this vCPU stores for `wanted`, before the writable mask is applied. RefusedError or
  // UndeterminedError (core/port_errors.h).
  absl::StatusOr<std::string> Accept(size_t index, absl::string_view storage, absl::string_view wanted,
                                     VcpuPosition position) const;

  // Turns a copy of the storage, or of one register of it, into what reads show.
  void Show(absl::string_view storage, absl::Span<char> shown) const;
  void ShowOne(size_t index, absl::string_view storage, absl::Span<char> value) const;

  bool is_moving(size_t index) const;
  // Null for a profile without write rules and behaviours.
  const RegisterRule* rule(size_t index) const { return rules_.empty() ? nullptr : &rules_[index]; }

 private:
  // The positions of the registers that rule i depends on: counter control, vector lengths, controller of a firmware
  // level, or compare value and counter of a timer.
  struct Sources {
    uint32_t first = 0;
    uint32_t second = 0;
  };

  absl::Status Resolve(size_t index);
  absl::StatusOr<uint32_t> Find(RegisterId of, RegisterId wanted) const;
  absl::string_view ValueAt(absl::string_view storage, uint32_t index) const;
  uint64_t WordAt(absl::string_view storage, uint32_t index) const { return LowWord(ValueAt(storage, index)); }
  uint64_t ShowWord(size_t index, absl::string_view storage, uint64_t word) const;

  std::vector<RegisterRule> rules_;
  std::vector<Sources> sources_;
  std::vector<uint32_t> offsets_;
  // The registers that Show changes.
  std::vector<uint32_t> shown_;
};

}  // namespace armstate

#endif  // ARMSTATE_CORE_COMPUTED_REGISTERS_H_
