// This header defines comparisons of a register or field with a number, such as SCTLR_EL1.M = 0.
#ifndef ARMSTATE_SERVER_SEARCH_REGISTER_CONDITION_H_
#define ARMSTATE_SERVER_SEARCH_REGISTER_CONDITION_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "core/register_selector.h"
#include "server/search/comparator.h"
#include "server/search/filter_token.h"

namespace armstate {

// A register or field that a filter names. The name can stand for different IDs under the two accelerators.
struct FilterRegister {
  // The name as the catalog spells it.
  std::string name;
  // The name stands for these registers in lists of that scheme, and the first of them that a vCPU has counts: the
  // register, then the AArch64 register that it is mapped to. Empty if no register of this name exists.
  std::vector<RegisterSelector> kvm;
  std::vector<RegisterSelector> tcg;

  const std::vector<RegisterSelector>& In(IdScheme scheme) const { return scheme == IdScheme::kKvm ? kvm : tcg; }
  // Returns the index in In(scheme) of the register that counts for a vCPU that `has` some registers.
  absl::optional<size_t> Held(IdScheme scheme, absl::FunctionRef<bool(RegisterId)> has) const;

  // INVALID_ARGUMENT, reason FILTER_INVALID, suggesting the nearest name; also for a secret register, whose value a few
  // searches would find.
  static absl::StatusOr<FilterRegister> Parse(const FilterToken& name);
};

// The right-hand side of a comparison: at most 2048 bits.
struct RegisterNumber {
  bool negative = false;
  // The magnitude: little-endian, without trailing zeros.
  std::string bytes;

  // Accepts decimal numbers below 2^64 with or without "-", "0x" and digits, "true", "false". INVALID_ARGUMENT, reason
  // FILTER_INVALID.
  static absl::StatusOr<RegisterNumber> Parse(const FilterToken& text);
};

// A comparison with one selected register. Immutable.
class NumberTest {
 public:
  // INVALID_ARGUMENT, reason FILTER_INVALID, if the register or field can never hold the number; `position` is the
  // number's.
  static absl::StatusOr<NumberTest> Create(const RegisterSelector& selector, Comparator comparator,
                                           const RegisterNumber& number, size_t position);

  // For a whole register of at most 64 bits.
  bool Holds(uint64_t value) const;
  // For a register of any width, little-endian.
  bool Holds(absl::string_view value) const;

 private:
  Comparator comparator_ = Comparator::kEqual;
  absl::optional<FieldDefinition> field_;
  uint64_t operand_ = 0;  // two's complement for a signed field
  std::string wide_operand_;
};

// Returns a field's value as a signed number, if the field is signed.
int64_t SignedField(const FieldDefinition& field, uint64_t field_value);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SEARCH_REGISTER_CONDITION_H_
