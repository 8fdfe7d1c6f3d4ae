#include "core/resolved_condition.h"

#include <algorithm>
#include <map>

#include "absl/numeric/bits.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/error.h"
#include "core/register_kind.h"

namespace armstate {
namespace {

using Comparison = ToleranceCondition::Comparison;
using Side = ToleranceCondition::Side;

constexpr size_t kMaxShown = 63;

absl::Status Malformed(absl::string_view what, std::map<std::string, std::string> metadata = {}) {
  return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kToleranceMalformed, what, std::move(metadata));
}

absl::Status BadField(absl::string_view field, absl::string_view what) {
  const std::string shown = absl::CEscape(field.substr(0, kMaxShown));
  return Malformed(absl::StrCat("field ", shown, ": ", what), {{"field", shown}});
}

// A bitmap of vector lengths has 512 bits; the architecture has 16 lengths.
bool IsTooWide(RegisterId id) { return id.width() > 8 && id != kSveVectorLengths; }

// What a rule reads can be told from whether it holds, and from its sentences.
enum class SecretRegisters { kRefused, kAllowed };

absl::StatusOr<RegisterId> ParseRegister(absl::string_view name, IdScheme scheme, SecretRegisters secrets) {
  const std::string shown = absl::CEscape(name.substr(0, kMaxShown));
  const absl::StatusOr<RegisterId> id = ParseRegisterName(name, scheme);
  if (!id.ok()) return Malformed(id.status().message(), {{"register", shown}});
  if (secrets == SecretRegisters::kRefused && IsSecretRegister(*id)) {
    return Malformed(absl::StrCat(shown, " is secret: a rule can only ask whether it is absent"),
                     {{"register", shown}});
  }
  if (IsTooWide(*id)) return Malformed("only registers of at most 64 bits are compared", {{"register", shown}});
  return id;
}

int64_t Signed(const FieldDefinition& field, uint64_t value) {
  const unsigned unused = 64u - field.width;
  return static_cast<int64_t>(value << unused) >> unused;
}

bool Compare(Comparison comparison, const FieldDefinition* field, uint64_t a, uint64_t b) {
  const bool by_sign = field != nullptr && field->is_signed;
  switch (comparison) {
    case Comparison::kEqual:
      return a == b;
    case Comparison::kNotEqual:
      return a != b;
    case Comparison::kAtMost:
      return by_sign ? Signed(*field, a) <= Signed(*field, b) : a <= b;
    case Comparison::kAtLeast:
      return by_sign ? Signed(*field, a) >= Signed(*field, b) : a >= b;
    case Comparison::kAbsent:
      return false;
  }
  return false;
}

}  // namespace

const FieldDefinition* FieldNamed(RegisterId id, IdScheme scheme, absl::string_view name) {
  for (const FieldDefinition& field : RegisterFields(id, scheme)) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

const FieldDefinition* FieldNamed(absl::Span<const uint64_t> ids, IdScheme scheme, absl::string_view name) {
  for (const uint64_t id : ids) {
    if (const FieldDefinition* field = FieldNamed(*RegisterId::Create(id), scheme, name)) return field;
  }
  return nullptr;
}

absl::optional<absl::string_view> RestoreSides::Find(Side side, RegisterId id) const {
  if (side == Side::kCheckpoint) return checkpoint.Find(id);
  if (side == Side::kTargetReset) return target_reset.Find(id);
  const RegisterLayout& layout = target_reset.layout();
  const absl::optional<size_t> index = layout.Find(id);
  if (!index) return absl::nullopt;
  return target_values.substr(layout.offset(*index), layout.width(*index));
}

uint64_t BitsOf(RegisterId id, const FieldDefinition* field, absl::string_view value) {
  constexpr uint64_t kQuadword = 128;
  const uint64_t word = LowWord(value);
  if (id == kSveVectorLengths) return kQuadword * absl::bit_width(word);
  if (field == nullptr) return absl::bit_width(word);
  const uint64_t part = ExtractField(*field, word);
  absl::string_view meaning = FieldMeaning(*field, word);
  uint64_t bits = 0;
  if (absl::ConsumeSuffix(&meaning, " bits") && absl::SimpleAtoi(meaning, &bits)) return bits;
  return part == 0 ? 0 : field->lsb + absl::bit_width(part);
}

absl::StatusOr<RegisterReference> RegisterReference::Create(const ToleranceReference& reference, IdScheme scheme) {
  const absl::StatusOr<RegisterId> id = ParseRegister(reference.register_name, scheme, SecretRegisters::kRefused);
  if (!id.ok()) return id.status();
  const FieldDefinition* field = nullptr;
  if (!reference.field.empty()) {
    field = FieldNamed(*id, scheme, reference.field);
    if (field == nullptr) {
      return BadField(reference.field, absl::StrCat(reference.register_name.substr(0, kMaxShown), " lacks it"));
    }
  }
  return RegisterReference(reference.side, *id, field);
}

absl::optional<uint64_t> RegisterReference::Value(const RestoreSides& sides) const {
  const absl::optional<absl::string_view> value = Bytes(sides);
  if (!value) return absl::nullopt;
  return field_ == nullptr ? LowWord(*value) : ExtractField(*field_, LowWord(*value));
}

absl::optional<uint64_t> RegisterReference::Bits(const RestoreSides& sides) const {
  const absl::optional<absl::string_view> value = Bytes(sides);
  if (!value) return absl::nullopt;
  return BitsOf(id_, field_, *value);
}

absl::StatusOr<ResolvedCondition> ResolvedCondition::Create(const ToleranceCondition& condition,
                                                            absl::Span<const uint64_t> own_ids, bool any_field,
                                                            IdScheme scheme) {
  ResolvedCondition result(condition, scheme);
  if (!condition.register_name.empty()) {
    const absl::StatusOr<RegisterId> id = ParseRegister(
        condition.register_name, scheme,
        condition.comparison == Comparison::kAbsent ? SecretRegisters::kAllowed : SecretRegisters::kRefused);
    if (!id.ok()) return id.status();
    result.id_ = *id;
  }
  if (condition.other) {
    const absl::StatusOr<RegisterReference> other = RegisterReference::Create(*condition.other, scheme);
    if (!other.ok()) return other.status();
    result.other_ = *other;
  } else if (condition.side != Side::kCheckpoint && !condition.value && condition.comparison != Comparison::kAbsent) {
    return Malformed("a condition compares the target's value with itself");
  }
  if (!condition.field.empty()) {
    const FieldDefinition* field =
        result.id_ ? FieldNamed(*result.id_, scheme, condition.field) : FieldNamed(own_ids, scheme, condition.field);
    if (field == nullptr && (result.id_ || !any_field)) {
      return BadField(condition.field, "the register of this condition lacks it");
    }
    if (field != nullptr && condition.value && !condition.in_bits && field->width < 64 &&
        *condition.value >> field->width != 0) {
      return BadField(condition.field, absl::StrCat("cannot hold ", *condition.value));
    }
  }
  return result;
}

bool ResolvedCondition::Holds(absl::optional<RegisterId> own, const RestoreSides& sides) const {
  const absl::optional<RegisterId> id = id_ ? id_ : own;
  if (!id) return false;
  const absl::optional<absl::string_view> value = sides.Find(condition_.side, *id);
  if (condition_.comparison == Comparison::kAbsent) return !value;
  if (!value) return condition_.or_absent;
  if (IsTooWide(*id) || IsSecretRegister(*id)) return false;
  const FieldDefinition* field = nullptr;
  if (!condition_.field.empty()) {
    field = FieldNamed(*id, scheme_, condition_.field);
    if (field == nullptr) return false;
  }
  const auto part = [&](absl::string_view bytes) {
    if (condition_.in_bits) return BitsOf(*id, field, bytes);
    return field == nullptr ? LowWord(bytes) : ExtractField(*field, LowWord(bytes));
  };
  absl::optional<uint64_t> right = condition_.value;
  if (other_) {
    right = condition_.in_bits ? other_->Bits(sides) : other_->Value(sides);
  } else if (!right) {
    const absl::optional<absl::string_view> on_target = sides.Find(Side::kTarget, *id);
    if (on_target) right = part(*on_target);
  }
  return right && Compare(condition_.comparison, condition_.in_bits ? nullptr : field, part(*value), *right);
}

bool DiffersOnlyIn(absl::Span<const std::string> fields, const RegisterFinding& finding, const RestoreSides& sides,
                   IdScheme scheme) {
  // A register that was not written keeps the target's value.
  const absl::string_view got =
      finding.got.empty() ? sides.Find(Side::kTarget, finding.id).value_or("") : absl::string_view(finding.got);
  if (finding.wanted.empty() || got.empty() || finding.id.width() > 8) return false;
  uint64_t different = LowWord(finding.wanted) ^ LowWord(got);
  for (const FieldDefinition& field : RegisterFields(finding.id, scheme)) {
    if (std::find(fields.begin(), fields.end(), field.name) == fields.end()) continue;
    different &= ~(ExtractField(field, ~uint64_t{0}) << field.lsb);
  }
  return different == 0;
}

}  // namespace armstate
