#include "proto/advice_conversion.h"

#include <map>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/advice_set.h"
#include "core/limits.h"
#include "proto/register_outcome_conversion.h"
#include "proto/rule_text.h"
#include "proto/tolerance_conversion.h"

namespace armstate {
namespace {

constexpr size_t kMaxShown = 64;

absl::StatusOr<AdviceRule> FromProto(const v1::AdviceRule& message) {
  const auto malformed = [&](absl::string_view what) {
    const std::string name = absl::CEscape(absl::string_view(message.name()).substr(0, kMaxShown));
    return absl::InvalidArgumentError(absl::StrCat("advice \"", name, "\": ", what));
  };
  AdviceRule rule;
  rule.name = message.name();
  switch (message.kind()) {
    case v1::ADVICE_KIND_CAUSE:
      rule.kind = AdviceKind::kCause;
      break;
    case v1::ADVICE_KIND_CONSEQUENCE:
      rule.kind = AdviceKind::kConsequence;
      break;
    case v1::ADVICE_KIND_CHECKPOINT:
      rule.kind = AdviceKind::kCheckpoint;
      break;
    default:
      return malformed("it has no kind");
  }
  if (message.severity() != v1::ADVICE_SEVERITY_INFO && message.severity() != v1::ADVICE_SEVERITY_WARNING) {
    return malformed("it has no severity");
  }
  rule.severity = message.severity() == v1::ADVICE_SEVERITY_WARNING ? AdviceSeverity::kWarning : AdviceSeverity::kInfo;
  rule.registers.assign(message.registers().begin(), message.registers().end());
  rule.fields.assign(message.fields().begin(), message.fields().end());
  for (const v1::Tolerance::IdPattern& pattern : message.id_patterns()) {
    rule.id_patterns.push_back({pattern.mask(), pattern.value()});
  }
  for (const int outcome : message.outcomes()) {
    const absl::optional<RegisterOutcome> parsed = RegisterOutcomeFromProto(static_cast<v1::RegisterOutcome>(outcome));
    if (!parsed) return malformed(absl::StrCat("an outcome is none: ", outcome));
    rule.outcomes.push_back(*parsed);
  }
  if (message.min_findings() > 0) rule.min_findings = message.min_findings();
  if (!IdSchemeFromProto(message.source(), rule.source) || !IdSchemeFromProto(message.target(), rule.target)) {
    return malformed("its source and target can only be TCG or KVM");
  }
  for (const v1::Tolerance::Condition& condition : message.conditions()) {
    absl::StatusOr<ToleranceCondition> converted = ToleranceConditionFromProto(condition);
    if (!converted.ok()) return malformed(converted.status().message());
    rule.conditions.push_back(*std::move(converted));
  }
  switch (message.vcpus()) {
    case v1::AdviceRule::VCPU_RELATION_UNSPECIFIED:
      break;
    case v1::AdviceRule::VCPU_RELATION_DIFFER:
      rule.vcpus = AdviceRule::VcpuRelation::kDiffer;
      break;
    case v1::AdviceRule::VCPU_RELATION_EQUAL:
      rule.vcpus = AdviceRule::VcpuRelation::kEqual;
      break;
    default:
      return malformed("it has an unknown relation between vCPUs");
  }
  rule.sentence = message.sentence();
  rule.action = message.action();
  return rule;
}

v1::AdviceKind KindToProto(AdviceKind kind) {
  switch (kind) {
    case AdviceKind::kCause:
      return v1::ADVICE_KIND_CAUSE;
    case AdviceKind::kConsequence:
      return v1::ADVICE_KIND_CONSEQUENCE;
    case AdviceKind::kCheckpoint:
      return v1::ADVICE_KIND_CHECKPOINT;
  }
  return v1::ADVICE_KIND_UNSPECIFIED;
}

}  // namespace

absl::StatusOr<std::vector<AdviceRule>> AdviceRulesFromProto(
    const google::protobuf::RepeatedPtrField<v1::AdviceRule>& messages) {
  std::vector<AdviceRule> rules;
  for (const v1::AdviceRule& message : messages) {
    absl::StatusOr<AdviceRule> rule = FromProto(message);
    if (!rule.ok()) return rule.status();
    rules.push_back(*std::move(rule));
  }
  return rules;
}

absl::StatusOr<std::vector<AdviceRule>> ParseAdviceText(absl::string_view text, absl::Span<const AdviceRule> others) {
  google::protobuf::TextFormat::ParseInfoTree locations;
  v1::AdviceSet set;
  const auto at_line = [](int line, absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat("line ", line + 1, ": ", what));
  };
  if (const absl::optional<RuleTextError> error = ParseRuleText(text, set, locations)) {
    return at_line(error->line, error->message);
  }
  const auto* field = v1::AdviceSet::descriptor()->FindFieldByNumber(v1::AdviceSet::kRulesFieldNumber);
  std::vector<AdviceRule> rules;
  std::map<std::string, int> lines;  // by name; of others -1
  for (const AdviceRule& other : others) lines.emplace(other.name, -1);
  for (int i = 0; i < set.rules_size(); ++i) {
    const int line = locations.GetLocation(field, i).line;
    if (rules.size() == kMaxTolerances)
      return at_line(line, absl::StrCat("there are more than ", kMaxTolerances, " rules"));
    absl::StatusOr<AdviceRule> rule = FromProto(set.rules(i));
    const absl::Status status = rule.ok() ? CheckAdvice({*rule}) : rule.status();
    if (!status.ok()) return at_line(line, status.message());
    const auto [same, is_new] = lines.emplace(rule->name, line);
    if (!is_new) {
      return at_line(line,
                     absl::StrCat("advice \"", rule->name, "\": ",
                                  same->second < 0 ? "a built-in rule has this name"
                                                   : absl::StrCat("line ", same->second + 1, " has one of this name")));
    }
    rules.push_back(*std::move(rule));
  }
  return rules;
}

v1::Advice AdviceToProto(const Advice& advice, IdScheme target_scheme) {
  v1::Advice message;
  message.set_name(advice.name);
  message.set_kind(KindToProto(advice.kind));
  message.set_severity(advice.severity == AdviceSeverity::kWarning ? v1::ADVICE_SEVERITY_WARNING
                                                                   : v1::ADVICE_SEVERITY_INFO);
  message.set_sentence(advice.sentence);
  message.set_action(advice.action);
  message.mutable_vcpu_indexes()->Add(advice.vcpus.begin(), advice.vcpus.end());
  for (const RegisterId id : advice.registers) {
    message.add_register_ids(id.raw());
    message.add_registers(RegisterName(id, target_scheme));
  }
  return message;
}

}  // namespace armstate
