// `ResolvedCondition` is a `ToleranceCondition` whose names are resolved: it compares registers of the two sides of a
// restore.
#ifndef ARMSTATE_CORE_RESOLVED_CONDITION_H_
#define ARMSTATE_CORE_RESOLVED_CONDITION_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "core/catalog.h"
#include "core/register_list.h"
#include "core/restore.h"
#include "core/tolerance.h"

namespace armstate {

// The two sides of a restore of one vCPU. Refers to its parts.
struct RestoreSides {
  // The list that was restored, in the target's scheme (core/translate.h).
  const RegisterList& checkpoint;
  const RegisterList& target_reset;
  // A value area of the layout of `target_reset`: what the target holds after the restore.
  absl::string_view target_values;

  absl::optional<absl::string_view> Find(ToleranceCondition::Side side, RegisterId id) const;
};

// The size, in bits, that a register (`field` null) or a field tells of: what the catalog says of a field's value ("44
// bits"), the longest length of SVE_VLS, and of all others how many bits of the register the value needs, from bit 0.
uint64_t BitsOf(RegisterId id, const FieldDefinition* field, absl::string_view value);

// A register of at most 64 bits, or SVE_VLS, or a field, on one side. Immutable, thread-safe.
class RegisterReference {
 public:
  // INVALID_ARGUMENT, reason TOLERANCE_MALFORMED, with metadata "register" or "field": there is no such register or
  // field, or the register is too wide. The message names them, but not the rule.
  static absl::StatusOr<RegisterReference> Create(const ToleranceReference& reference, IdScheme scheme);

  // Nothing: the side has no such register.
  absl::optional<absl::string_view> Bytes(const RestoreSides& sides) const { return sides.Find(side_, id_); }
  absl::optional<uint64_t> Value(const RestoreSides& sides) const;
  absl::optional<uint64_t> Bits(const RestoreSides& sides) const;
  RegisterId id() const { return id_; }
  // Null: the whole register.
  const FieldDefinition* field() const { return field_; }

 private:
  RegisterReference(ToleranceCondition::Side side, RegisterId id, const FieldDefinition* field)
      : side_(side), id_(id), field_(field) {}

  ToleranceCondition::Side side_;
  RegisterId id_;
  const FieldDefinition* field_;
};

// Immutable, thread-safe.
class ResolvedCondition {
 public:
  // `own_ids` are the registers that the rule names; one that also has patterns (`any_field`) may be about any field.
  // Errors: as RegisterReference::Create; also for a number that the field cannot hold, and a comparison of the target
  // with itself.
  static absl::StatusOr<ResolvedCondition> Create(const ToleranceCondition& condition,
                                                  absl::Span<const uint64_t> own_ids, bool any_field, IdScheme scheme);

  // `own` is the register that the rule is applied to, if it is to one: what a condition without a register is about.
  bool Holds(absl::optional<RegisterId> own, const RestoreSides& sides) const;

 private:
  ResolvedCondition(ToleranceCondition condition, IdScheme scheme)
      : condition_(std::move(condition)), scheme_(scheme) {}

  ToleranceCondition condition_;
  IdScheme scheme_;
  absl::optional<RegisterId> id_;  // nothing: the register itself
  absl::optional<RegisterReference> other_;
};

// Null if there is none.
const FieldDefinition* FieldNamed(RegisterId id, IdScheme scheme, absl::string_view name);
// The same of any of these registers.
const FieldDefinition* FieldNamed(absl::Span<const uint64_t> ids, IdScheme scheme, absl::string_view name);

// True if the two values of the finding differ in no other field than these.
bool DiffersOnlyIn(absl::Span<const std::string> fields, const RegisterFinding& finding, const RestoreSides& sides,
                   IdScheme scheme);

}  // namespace armstate

#endif  // ARMSTATE_CORE_RESOLVED_CONDITION_H_
