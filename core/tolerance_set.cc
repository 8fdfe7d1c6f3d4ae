#include "core/tolerance_set.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "core/limits.h"

namespace armstate {
namespace {

// Rules come from requests.
constexpr size_t kMaxNameSize = 63;
constexpr size_t kMaxReasonSize = 500;

absl::Status Malformed(absl::string_view name, absl::string_view what,
                       std::map<std::string, std::string> metadata = {}) {
  const std::string shown = absl::CEscape(name.substr(0, kMaxNameSize));
  metadata["tolerance"] = shown;
  return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kToleranceMalformed,
                   absl::StrCat("tolerance \"", shown, "\": ", what), std::move(metadata));
}

absl::Status UnknownRegister(absl::string_view tolerance, absl::string_view name, const absl::Status& why) {
  return Malformed(tolerance, why.message(), {{"register", absl::CEscape(name.substr(0, kMaxNameSize))}});
}

absl::Status BadField(absl::string_view tolerance, absl::string_view field, absl::string_view what) {
  const std::string shown = absl::CEscape(field.substr(0, kMaxNameSize));
  return Malformed(tolerance, absl::StrCat("field ", shown, ": ", what), {{"field", shown}});
}

bool IsName(absl::string_view name) {
  return !name.empty() && name.size() <= kMaxNameSize && absl::ascii_islower(name[0]) &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '.' || c == '-';
         });
}

absl::Status CheckSizes(const Tolerance& tolerance) {
  const auto error = [&](absl::string_view what) { return Malformed(tolerance.name, what); };
  if (!IsName(tolerance.name)) return error("its name is not of the form [a-z][a-z0-9.-]{0,62}");
  if (tolerance.reason.empty() || tolerance.reason.size() > kMaxReasonSize ||
      std::any_of(tolerance.reason.begin(), tolerance.reason.end(),
                  [](unsigned char c) { return absl::ascii_iscntrl(c); })) {
    return error("it needs a reason: one line of at most 500 bytes");
  }
  if (tolerance.registers.empty() && tolerance.source_registers.empty() && tolerance.id_patterns.empty()) {
    return error("it names no register and has no pattern");
  }
  for (const size_t names : {tolerance.registers.size(), tolerance.source_registers.size(), tolerance.fields.size()}) {
    if (names > kMaxToleranceNames)
      return error(absl::StrCat("it has more than ", kMaxToleranceNames, " registers or fields"));
  }
  for (const size_t tried : {tolerance.id_patterns.size(), tolerance.conditions.size(), tolerance.outcomes.size()}) {
    if (tried > kMaxToleranceConditions) {
      return error(absl::StrCat("it has more than ", kMaxToleranceConditions, " patterns, conditions or outcomes"));
    }
  }
  for (const Tolerance::IdPattern& pattern : tolerance.id_patterns) {
    if ((pattern.value & ~pattern.mask) != 0) return error("a pattern's value has bits that its mask lacks");
  }
  return absl::OkStatus();
}

const FieldDefinition* FindField(RegisterId id, IdScheme scheme, absl::string_view name) {
  for (const FieldDefinition& field : RegisterFields(id, scheme)) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

// The field `name` of any of the registers.
const FieldDefinition* FindFieldOfAny(const std::vector<uint64_t>& ids, IdScheme scheme, absl::string_view name) {
  for (const uint64_t id : ids) {
    if (const FieldDefinition* field = FindField(*RegisterId::Create(id), scheme, name)) return field;
  }
  return nullptr;
}

int64_t Signed(const FieldDefinition& field, uint64_t value) {
  const unsigned unused = 64u - field.width;
  return static_cast<int64_t>(value << unused) >> unused;
}

bool Compare(ToleranceCondition::Comparison comparison, const FieldDefinition* field, uint64_t a, uint64_t b) {
  const bool by_sign = field != nullptr && field->is_signed;
  switch (comparison) {
    case ToleranceCondition::Comparison::kEqual:
      return a == b;
    case ToleranceCondition::Comparison::kNotEqual:
      return a != b;
    case ToleranceCondition::Comparison::kAtMost:
      return by_sign ? Signed(*field, a) <= Signed(*field, b) : a <= b;
    case ToleranceCondition::Comparison::kAtLeast:
      return by_sign ? Signed(*field, a) >= Signed(*field, b) : a >= b;
    case ToleranceCondition::Comparison::kAbsent:
      return false;
  }
  return false;
}

bool MayCover(const std::vector<RegisterOutcome>& outcomes, RegisterOutcome outcome) {
  if (outcomes.empty()) return Refuses(outcome);
  return std::find(outcomes.begin(), outcomes.end(), outcome) != outcomes.end();
}

}  // namespace

absl::Status CheckTolerances(absl::Span<const Tolerance> tolerances) {
  for (const IdScheme source : {IdScheme::kKvm, IdScheme::kTcg}) {
    for (const IdScheme target : {IdScheme::kKvm, IdScheme::kTcg}) {
      const absl::Status status = ToleranceSet::Create(tolerances, source, target).status();
      if (!status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<ToleranceSet> ToleranceSet::Create(absl::Span<const Tolerance> tolerances, IdScheme source,
                                                  IdScheme target) {
  ToleranceSet set(source, target);
  if (tolerances.size() > kMaxTolerances) {
    return Malformed(tolerances[kMaxTolerances].name, absl::StrCat("there are more than ", kMaxTolerances));
  }
  std::set<absl::string_view> names;
  for (const Tolerance& tolerance : tolerances) {
    absl::Status status = CheckSizes(tolerance);
    if (!status.ok()) return status;
    if (!names.insert(tolerance.name).second) return Malformed(tolerance.name, "there are two of this name");
    if (tolerance.source.value_or(source) != source || tolerance.target.value_or(target) != target) continue;
    status = set.Add(tolerance);
    if (!status.ok()) return status;
  }
  return set;
}

absl::Status ToleranceSet::Add(const Tolerance& tolerance) {
  Rule rule{tolerance.name, tolerance.reason, {}, tolerance.id_patterns, tolerance.fields, tolerance.outcomes, {}};
  for (const auto& [names, scheme] :
       {std::make_pair(&tolerance.registers, target_), std::make_pair(&tolerance.source_registers, source_)}) {
    for (const std::string& name : *names) {
      const absl::StatusOr<RegisterId> id = ParseRegisterName(name, scheme);
      if (!id.ok()) return UnknownRegister(tolerance.name, name, id.status());
      rule.ids.push_back(id->raw());
    }
  }
  std::sort(rule.ids.begin(), rule.ids.end());
  // Registers that match a pattern may have any field.
  const bool any_field = !rule.id_patterns.empty();
  for (const std::string& field : tolerance.fields) {
    if (!any_field && FindFieldOfAny(rule.ids, target_, field) == nullptr) {
      return BadField(tolerance.name, field, "no register of this rule has it");
    }
  }
  for (const ToleranceCondition& condition : tolerance.conditions) {
    absl::optional<RegisterId> id;
    if (!condition.register_name.empty()) {
      const absl::StatusOr<RegisterId> parsed = ParseRegisterName(condition.register_name, target_);
      if (!parsed.ok()) return UnknownRegister(tolerance.name, condition.register_name, parsed.status());
      if (parsed->width() > 8) {
        return UnknownRegister(tolerance.name, condition.register_name,
                               absl::InvalidArgumentError("only registers of at most 64 bits are compared"));
      }
      id = *parsed;
    }
    if (condition.side != ToleranceCondition::Side::kCheckpoint && !condition.value &&
        condition.comparison != ToleranceCondition::Comparison::kAbsent) {
      return Malformed(tolerance.name, "a condition compares the target's value with itself");
    }
    if (!condition.field.empty()) {
      const FieldDefinition* field =
          id ? FindField(*id, target_, condition.field) : FindFieldOfAny(rule.ids, target_, condition.field);
      if (field == nullptr && (id || !any_field)) {
        return BadField(tolerance.name, condition.field, "the register of this condition lacks it");
      }
      if (field != nullptr && condition.value && field->width < 64 && *condition.value >> field->width != 0) {
        return BadField(tolerance.name, condition.field, absl::StrCat("cannot hold ", *condition.value));
      }
    }
    rule.conditions.push_back({condition, id});
  }
  rules_.push_back(std::move(rule));
  return absl::OkStatus();
}

absl::optional<absl::string_view> ToleranceSet::Sides::Find(ToleranceCondition::Side side, RegisterId id) const {
  if (side == ToleranceCondition::Side::kCheckpoint) return checkpoint.Find(id);
  if (side == ToleranceCondition::Side::kTargetReset) return target_reset.Find(id);
  const RegisterLayout& layout = target_reset.layout();
  const absl::optional<size_t> index = layout.Find(id);
  if (!index) return absl::nullopt;
  return target_values.substr(layout.offset(*index), layout.width(*index));
}

void ToleranceSet::Apply(const RegisterList& checkpoint, const RegisterList& target_reset,
                         absl::string_view target_values, RestoreReport& report) const {
  const Sides sides{checkpoint, target_reset, target_values};
  report.verdict = Verdict::kAccepted;
  for (RegisterFinding& finding : report.findings) {
    finding.tolerance.clear();
    finding.needs_tolerance = source_ != target_ && finding.outcome == RegisterOutcome::kNotInCheckpoint;
    const auto rule =
        std::find_if(rules_.begin(), rules_.end(), [&](const Rule& r) { return Covers(r, finding, sides); });
    if (rule != rules_.end()) {
      finding.tolerance = rule->name;
      finding.reason = rule->reason;
    } else if (finding.needs_tolerance) {
      finding.reason = "the other accelerator's checkpoint lacks it, and no rule says that the target's value is right";
    }
    report.verdict = std::max(report.verdict, VerdictOf(finding));
  }
}

bool ToleranceSet::Covers(const Rule& rule, const RegisterFinding& finding, const Sides& sides) const {
  if (!MayCover(rule.outcomes, finding.outcome)) return false;
  const uint64_t id = finding.id.raw();
  if (!std::binary_search(rule.ids.begin(), rule.ids.end(), id) &&
      std::none_of(rule.id_patterns.begin(), rule.id_patterns.end(),
                   [&](const Tolerance::IdPattern& pattern) { return (id & pattern.mask) == pattern.value; })) {
    return false;
  }
  if (!rule.fields.empty() && !DiffersOnlyIn(rule.fields, finding, sides)) return false;
  return std::all_of(rule.conditions.begin(), rule.conditions.end(),
                     [&](const ResolvedCondition& condition) { return Holds(condition, finding.id, sides); });
}

bool ToleranceSet::DiffersOnlyIn(const std::vector<std::string>& fields, const RegisterFinding& finding,
                                 const Sides& sides) const {
  // A register that was not written keeps the target's value.
  const absl::string_view got = finding.got.empty()
                                    ? sides.Find(ToleranceCondition::Side::kTarget, finding.id).value_or("")
                                    : absl::string_view(finding.got);
  if (finding.wanted.empty() || got.empty() || finding.id.width() > 8) return false;
  uint64_t different = LowWord(finding.wanted) ^ LowWord(got);
  for (const FieldDefinition& field : RegisterFields(finding.id, target_)) {
    if (std::find(fields.begin(), fields.end(), field.name) == fields.end()) continue;
    different &= ~(ExtractField(field, ~uint64_t{0}) << field.lsb);
  }
  return different == 0;
}

bool ToleranceSet::Holds(const ResolvedCondition& condition, RegisterId own, const Sides& sides) const {
  const ToleranceCondition& wanted = condition.condition;
  const RegisterId id = condition.id.value_or(own);
  const absl::optional<absl::string_view> value = sides.Find(wanted.side, id);
  const absl::optional<absl::string_view> on_target = sides.Find(ToleranceCondition::Side::kTarget, id);
  if (wanted.comparison == ToleranceCondition::Comparison::kAbsent) return !value;
  if (!value) return wanted.or_absent;
  if (id.width() > 8 || (!wanted.value && !on_target)) return false;
  uint64_t left = LowWord(*value);
  uint64_t right = wanted.value ? *wanted.value : LowWord(*on_target);
  const FieldDefinition* field = nullptr;
  if (!wanted.field.empty()) {
    field = FindField(id, target_, wanted.field);
    if (field == nullptr) return false;
    left = ExtractField(*field, left);
    if (!wanted.value) right = ExtractField(*field, right);
  }
  return Compare(wanted.comparison, field, left, right);
}

}  // namespace armstate
