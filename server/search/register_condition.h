// "SCTLR_EL1.M = 0": a comparison of a register or field with a number.
#ifndef ARMSTATE_SERVER_SEARCH_REGISTER_CONDITION_H_
#define ARMSTATE_SERVER_SEARCH_REGISTER_CONDITION_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "core/register_selector.h"
#include "server/search/comparator.h"
#include "server/search/filter_token.h"

namespace armstate {

// A register or field that a filter names. Under the two accelerators a name can stand for two IDs.
struct FilterRegister {
  // As the catalog spells it.
  std::string name;
  // Nothing if there is no register of this name in such lists.
  absl::optional<RegisterSelector> kvm;
  absl::optional<RegisterSelector> tcg;

  const absl::optional<RegisterSelector>& In(IdScheme scheme) const { return scheme == IdScheme::kKvm ? kvm : tcg; }

  // INVALID_ARGUMENT, reason FILTER_INVALID, proposing the nearest name.
  static absl::StatusOr<FilterRegister> Parse(const FilterToken& name);
};

// What is compared with: at most 2048 bits.
struct RegisterNumber {
  bool negative = false;
  // Of the magnitude: little-endian, without zeros at the end.
  std::string bytes;

  // Decimal below 2^64 with or without "-", "0x" and digits, "true", "false". INVALID_ARGUMENT, reason FILTER_INVALID.
  static absl::StatusOr<RegisterNumber> Parse(const FilterToken& text);
};

// A comparison with one selected register. Immutable.
class NumberTest {
 public:
  // INVALID_ARGUMENT, reason FILTER_INVALID, if the register or field never holds such a number; `position` is the
  // number's.
  static absl::StatusOr<NumberTest> Create(const RegisterSelector& selector, Comparator comparator,
                                           const RegisterNumber& number, size_t position);

  // A whole register of at most 64 bits.
  bool Holds(uint64_t value) const;
  // One of any width, little-endian.
  bool Holds(absl::string_view value) const;

 private:
  Comparator comparator_ = Comparator::kEqual;
  absl::optional<FieldDefinition> field_;
  uint64_t operand_ = 0;  // of a signed field: as two's complement
  std::string wide_operand_;
};

// A field's value as a number with sign, if the field has one.
int64_t SignedField(const FieldDefinition& field, uint64_t field_value);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SEARCH_REGISTER_CONDITION_H_
