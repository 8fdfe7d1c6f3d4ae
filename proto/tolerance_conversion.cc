#include "proto/tolerance_conversion.h"

#include <map>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "core/tolerance_set.h"
#include "google/protobuf/text_format.h"
#include "proto/register_outcome_conversion.h"
#include "proto/rule_text.h"

namespace armstate {
namespace {

using ::google::protobuf::TextFormat;
using Comparison = ToleranceCondition::Comparison;

constexpr size_t kMaxShown = 64;

absl::Status Malformed(const v1::Tolerance& tolerance, absl::string_view what) {
  const std::string name = absl::CEscape(absl::string_view(tolerance.name()).substr(0, kMaxShown));
  return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kToleranceMalformed,
                   absl::StrCat("tolerance \"", name, "\": ", what), {{"tolerance", name}});
}

absl::optional<Comparison> ComparisonFromProto(v1::Tolerance::Comparison comparison) {
  switch (comparison) {
    case v1::Tolerance::COMPARISON_EQUAL:
      return Comparison::kEqual;
    case v1::Tolerance::COMPARISON_NOT_EQUAL:
      return Comparison::kNotEqual;
    case v1::Tolerance::COMPARISON_AT_MOST:
      return Comparison::kAtMost;
    case v1::Tolerance::COMPARISON_AT_LEAST:
      return Comparison::kAtLeast;
    case v1::Tolerance::COMPARISON_ABSENT:
      return Comparison::kAbsent;
    default:
      return absl::nullopt;
  }
}

absl::optional<ToleranceCondition::Side> SideFromProto(v1::Tolerance::Side side) {
  switch (side) {
    case v1::Tolerance::SIDE_UNSPECIFIED:
      return ToleranceCondition::Side::kCheckpoint;
    case v1::Tolerance::SIDE_TARGET:
      return ToleranceCondition::Side::kTarget;
    case v1::Tolerance::SIDE_TARGET_RESET:
      return ToleranceCondition::Side::kTargetReset;
    default:
      return absl::nullopt;
  }
}

absl::StatusOr<Tolerance> FromProto(const v1::Tolerance& message) {
  Tolerance tolerance;
  tolerance.name = message.name();
  tolerance.reason = message.reason();
  tolerance.registers.assign(message.registers().begin(), message.registers().end());
  tolerance.source_registers.assign(message.source_registers().begin(), message.source_registers().end());
  tolerance.fields.assign(message.fields().begin(), message.fields().end());
  for (const v1::Tolerance::IdPattern& pattern : message.id_patterns()) {
    tolerance.id_patterns.push_back({pattern.mask(), pattern.value()});
  }
  for (const int outcome : message.outcomes()) {
    const auto value = static_cast<v1::RegisterOutcome>(outcome);
    const absl::optional<RegisterOutcome> parsed = RegisterOutcomeFromProto(value);
    if (!parsed) {
      return Malformed(message, absl::StrCat("an outcome is none: ", outcome, " ", v1::RegisterOutcome_Name(value)));
    }
    tolerance.outcomes.push_back(*parsed);
  }
  if (!IdSchemeFromProto(message.source(), tolerance.source) ||
      !IdSchemeFromProto(message.target(), tolerance.target)) {
    return Malformed(message, "its source and target can only be TCG or KVM");
  }
  tolerance.conversion_only = message.conversion_only();
  for (const v1::Tolerance::Condition& condition : message.conditions()) {
    absl::StatusOr<ToleranceCondition> converted = ToleranceConditionFromProto(condition);
    if (!converted.ok()) return Malformed(message, converted.status().message());
    tolerance.conditions.push_back(*std::move(converted));
  }
  return tolerance;
}

// protobuf counts lines and columns from 0.
absl::Status AtLine(int line, absl::string_view message, std::map<std::string, std::string> metadata) {
  metadata["line"] = absl::StrCat(line + 1);
  return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kToleranceMalformed,
                   absl::StrCat("line ", line + 1, ": ", message), std::move(metadata));
}

// `status` with the line on which the tolerance begins that it names.
absl::Status Located(const absl::Status& status, const v1::ToleranceSet& set,
                     const TextFormat::ParseInfoTree& locations) {
  const absl::optional<ErrorInfo> info = GetErrorInfo(status);
  if (!info) return status;
  const auto name = info->metadata.find("tolerance");
  const auto* field = v1::ToleranceSet::descriptor()->FindFieldByNumber(v1::ToleranceSet::kTolerancesFieldNumber);
  int found = -1;
  for (int i = 0; i < set.tolerances_size(); ++i) {
    // Of two tolerances with the same name, the second one is at fault.
    if (name != info->metadata.end() && absl::CEscape(set.tolerances(i).name()) == name->second) found = i;
  }
  if (found < 0) return status;
  return AtLine(locations.GetLocation(field, found).line, status.message(), info->metadata);
}

}  // namespace

bool IdSchemeFromProto(v1::Accelerator accelerator, absl::optional<IdScheme>& scheme) {
  if (accelerator == v1::ACCELERATOR_TCG) scheme = IdScheme::kTcg;
  if (accelerator == v1::ACCELERATOR_KVM) scheme = IdScheme::kKvm;
  return scheme.has_value() || accelerator == v1::ACCELERATOR_UNSPECIFIED;
}

absl::StatusOr<ToleranceCondition> ToleranceConditionFromProto(const v1::Tolerance::Condition& message) {
  const absl::optional<Comparison> comparison = ComparisonFromProto(message.comparison());
  if (!comparison) return absl::InvalidArgumentError("a condition has no comparison");
  ToleranceCondition condition;
  const absl::optional<ToleranceCondition::Side> side = SideFromProto(message.side());
  if (!side) return absl::InvalidArgumentError("a condition names an unknown side");
  condition.side = *side;
  condition.register_name = message.register_name();
  condition.field = message.field();
  condition.comparison = *comparison;
  condition.or_absent = message.or_absent();
  condition.in_bits = message.in_bits();
  switch (message.operand_case()) {
    case v1::Tolerance::Condition::kValue:
      condition.value = message.value();
      break;
    case v1::Tolerance::Condition::kTarget:
      if (!message.target()) return absl::InvalidArgumentError("`target` of a condition can only be true");
      break;
    case v1::Tolerance::Condition::kOther: {
      const absl::optional<ToleranceCondition::Side> other = SideFromProto(message.other().side());
      if (!other) return absl::InvalidArgumentError("`other` of a condition names an unknown side");
      condition.other = ToleranceReference{*other, message.other().register_name(), message.other().field()};
      break;
    }
    default:
      if (*comparison != Comparison::kAbsent) {
        return absl::InvalidArgumentError("a condition compares with neither a value nor the target");
      }
  }
  return condition;
}

absl::StatusOr<std::vector<Tolerance>> TolerancesFromProto(
    const google::protobuf::RepeatedPtrField<v1::Tolerance>& messages) {
  std::vector<Tolerance> tolerances;
  for (const v1::Tolerance& message : messages) {
    absl::StatusOr<Tolerance> tolerance = FromProto(message);
    if (!tolerance.ok()) return tolerance.status();
    tolerances.push_back(*std::move(tolerance));
  }
  return tolerances;
}

absl::StatusOr<std::vector<Tolerance>> ParseTolerancesText(absl::string_view text) {
  TextFormat::ParseInfoTree locations;
  v1::ToleranceSet set;
  if (const absl::optional<RuleTextError> error = ParseRuleText(text, set, locations)) {
    return AtLine(error->line, error->message, {});
  }
  absl::StatusOr<std::vector<Tolerance>> tolerances = TolerancesFromProto(set.tolerances());
  if (!tolerances.ok()) return Located(tolerances.status(), set, locations);
  const absl::Status status = CheckTolerances(*tolerances);
  if (!status.ok()) return Located(status, set, locations);
  return tolerances;
}

}  // namespace armstate
