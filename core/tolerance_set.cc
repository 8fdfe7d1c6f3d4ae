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

absl::Status CheckSizes(const Tolerance& tolerance) {
  const auto error = [&](absl::string_view what) { return Malformed(tolerance.name, what); };
  if (!IsRuleName(tolerance.name)) return error("its name is not of the form [a-z][a-z0-9.-]{0,62}");
  if (tolerance.reason.empty() || !IsRuleText(tolerance.reason)) {
    return error(absl::StrCat("it needs a reason: one line of at most ", kMaxRuleTextBytes, " bytes"));
  }
  if (tolerance.registers.empty() && tolerance.source_registers.empty() && tolerance.id_patterns.empty()) {
    return error("it names no register and has no pattern");
  }
  const std::string fault =
      FaultOfRule({tolerance.registers.size(), tolerance.source_registers.size(), tolerance.fields.size()},
                  tolerance.id_patterns, {tolerance.conditions.size(), tolerance.outcomes.size()});
  return fault.empty() ? absl::OkStatus() : error(fault);
}

bool MayCover(const std::vector<RegisterOutcome>& outcomes, RegisterOutcome outcome) {
  if (outcomes.empty()) return Refuses(outcome);
  return std::find(outcomes.begin(), outcomes.end(), outcome) != outcomes.end();
}

}  // namespace

bool IsRuleName(absl::string_view name) {
  return !name.empty() && name.size() <= kMaxNameSize && absl::ascii_islower(name[0]) &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '.' || c == '-';
         });
}

bool IsRuleText(absl::string_view text) {
  return text.size() <= kMaxRuleTextBytes &&
         std::none_of(text.begin(), text.end(), [](unsigned char c) { return absl::ascii_iscntrl(c); });
}

std::string FaultOfRule(std::initializer_list<size_t> names, absl::Span<const Tolerance::IdPattern> patterns,
                        std::initializer_list<size_t> others) {
  if (std::max(names) > kMaxToleranceNames) {
    return absl::StrCat("it has more than ", kMaxToleranceNames, " registers or fields");
  }
  if (std::max(patterns.size(), std::max(others)) > kMaxToleranceConditions) {
    return absl::StrCat("it has more than ", kMaxToleranceConditions, " patterns, conditions or outcomes");
  }
  for (const Tolerance::IdPattern& pattern : patterns) {
    if ((pattern.value & ~pattern.mask) != 0) return "a pattern's value has bits that its mask lacks";
  }
  return "";
}

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
    if (any_field || FieldNamed(rule.ids, target_, field) != nullptr) continue;
    const std::string shown = absl::CEscape(absl::string_view(field).substr(0, kMaxNameSize));
    return Malformed(tolerance.name, absl::StrCat("field ", shown, ": no register of this rule has it"),
                     {{"field", shown}});
  }
  for (const ToleranceCondition& condition : tolerance.conditions) {
    absl::StatusOr<ResolvedCondition> resolved = ResolvedCondition::Create(condition, rule.ids, any_field, target_);
    if (!resolved.ok()) {
      return Malformed(tolerance.name, resolved.status().message(), GetErrorInfo(resolved.status())->metadata);
    }
    rule.conditions.push_back(*std::move(resolved));
  }
  rules_.push_back(std::move(rule));
  return absl::OkStatus();
}

void ToleranceSet::Apply(const RegisterList& checkpoint, const RegisterList& target_reset,
                         absl::string_view target_values, RestoreReport& report) const {
  const RestoreSides sides{checkpoint, target_reset, target_values};
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

bool ToleranceSet::Covers(const Rule& rule, const RegisterFinding& finding, const RestoreSides& sides) const {
  if (!MayCover(rule.outcomes, finding.outcome)) return false;
  const uint64_t id = finding.id.raw();
  if (!std::binary_search(rule.ids.begin(), rule.ids.end(), id) &&
      std::none_of(rule.id_patterns.begin(), rule.id_patterns.end(),
                   [&](const Tolerance::IdPattern& pattern) { return (id & pattern.mask) == pattern.value; })) {
    return false;
  }
  if (!rule.fields.empty() && !DiffersOnlyIn(rule.fields, finding, sides, target_)) return false;
  return std::all_of(rule.conditions.begin(), rule.conditions.end(),
                     [&](const ResolvedCondition& condition) { return condition.Holds(finding.id, sides); });
}

}  // namespace armstate
