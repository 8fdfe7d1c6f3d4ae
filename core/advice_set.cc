#include "core/advice_set.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/tolerance_set.h"

namespace armstate {
namespace {

using VcpuRelation = AdviceRule::VcpuRelation;

constexpr size_t kMaxShown = 63;

absl::Status Malformed(absl::string_view name, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("advice \"", absl::CEscape(name.substr(0, kMaxShown)), "\": ", what));
}

absl::Status CheckRule(const AdviceRule& rule) {
  const auto error = [&](absl::string_view what) { return Malformed(rule.name, what); };
  if (!IsRuleName(rule.name)) return error("its name is not of the form [a-z][a-z0-9.-]{0,62}");
  if (rule.sentence.empty() || !IsRuleText(rule.sentence) || !IsRuleText(rule.action)) {
    return error(absl::StrCat("it needs a sentence, and it and the action can be one line of at most ",
                              kMaxRuleTextBytes, " bytes"));
  }
  const bool has_registers = !rule.registers.empty() || !rule.id_patterns.empty();
  if (rule.kind == AdviceKind::kCause && !has_registers) return error("a cause names registers or has a pattern");
  const bool has_relation = rule.vcpus != VcpuRelation::kNone;
  if (has_relation && rule.kind == AdviceKind::kConsequence) return error("a consequence does not compare vCPUs");
  if (rule.vcpus == VcpuRelation::kEqual && rule.kind == AdviceKind::kCause) {
    return error("a cause speaks of vCPUs that differ, never of equal ones");
  }
  if (has_relation && rule.registers.empty()) return error("it names no register in which to compare vCPUs");
  if (rule.kind == AdviceKind::kCheckpoint && !has_relation && has_registers) {
    return error("a rule of checkpoints has no findings: name registers in its conditions");
  }
  const std::string fault = FaultOfRule({rule.registers.size(), rule.fields.size()}, rule.id_patterns,
                                        {rule.conditions.size(), rule.outcomes.size()});
  return fault.empty() ? absl::OkStatus() : error(fault);
}

// Some vCPU has another value of the finding's register.
bool Differs(const RegisterFinding& finding, absl::Span<const AdvisedVcpu> vcpus) {
  return std::any_of(vcpus.begin(), vcpus.end(), [&](const AdvisedVcpu& vcpu) {
    const absl::optional<absl::string_view> value = vcpu.sides.checkpoint.Find(finding.id);
    return value && *value != finding.wanted;
  });
}

bool IsObstacle(const RegisterFinding& finding) { return VerdictOf(finding) >= Verdict::kUndetermined; }

}  // namespace

absl::Status CheckAdvice(absl::Span<const AdviceRule> rules) {
  for (const IdScheme source : {IdScheme::kKvm, IdScheme::kTcg}) {
    for (const IdScheme target : {IdScheme::kKvm, IdScheme::kTcg}) {
      if (absl::Status status = AdviceSet::Create(rules, source, target).status(); !status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<AdviceSet> AdviceSet::Create(absl::Span<const AdviceRule> rules, IdScheme source, IdScheme target) {
  AdviceSet set(target);
  std::set<absl::string_view> names;
  for (const AdviceRule& rule : rules) {
    absl::Status status = CheckRule(rule);
    if (!status.ok()) return status;
    if (!names.insert(rule.name).second) return Malformed(rule.name, "there are two of this name");
    if (rule.source.value_or(source) != source || rule.target.value_or(target) != target) continue;
    status = set.Add(rule);
    if (!status.ok()) return Malformed(rule.name, status.message());
  }
  std::stable_sort(set.rules_.begin(), set.rules_.end(),
                   [](const Rule& a, const Rule& b) { return a.rule.kind < b.rule.kind; });
  return set;
}

absl::Status AdviceSet::Add(const AdviceRule& rule) {
  absl::StatusOr<AdviceText> sentence = AdviceText::Parse(rule.sentence, target_);
  if (!sentence.ok()) return sentence.status();
  absl::StatusOr<AdviceText> action = AdviceText::Parse(rule.action, target_);
  if (!action.ok()) return action.status();
  Rule resolved{rule, {}, {}, *std::move(sentence), *std::move(action)};
  for (const std::string& name : rule.registers) {
    const absl::StatusOr<RegisterId> id = ParseRegisterName(name, target_);
    if (!id.ok()) return id.status();
    resolved.ids.push_back(id->raw());
  }
  std::sort(resolved.ids.begin(), resolved.ids.end());
  const bool any_field = !rule.id_patterns.empty();
  for (const std::string& field : rule.fields) {
    if (any_field || FieldNamed(resolved.ids, target_, field) != nullptr) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "field ", absl::CEscape(absl::string_view(field).substr(0, kMaxShown)), ": no register of this rule has it"));
  }
  for (const ToleranceCondition& condition : rule.conditions) {
    if (condition.register_name.empty() && (!resolved.is_about_findings() || rule.kind == AdviceKind::kCheckpoint)) {
      return absl::InvalidArgumentError("a condition names no register, and the rule is not about findings");
    }
    absl::StatusOr<ResolvedCondition> one = ResolvedCondition::Create(condition, resolved.ids, any_field, target_);
    if (!one.ok()) return one.status();
    resolved.conditions.push_back(*std::move(one));
  }
  rules_.push_back(std::move(resolved));
  return absl::OkStatus();
}

bool AdviceSet::Matches(const Rule& rule, const RegisterFinding& finding, const RestoreSides& sides) const {
  const uint64_t id = finding.id.raw();
  if (!std::binary_search(rule.ids.begin(), rule.ids.end(), id) &&
      std::none_of(rule.rule.id_patterns.begin(), rule.rule.id_patterns.end(),
                   [&](const Tolerance::IdPattern& pattern) { return (id & pattern.mask) == pattern.value; })) {
    return false;
  }
  const std::vector<RegisterOutcome>& outcomes = rule.rule.outcomes;
  if (!outcomes.empty() && std::find(outcomes.begin(), outcomes.end(), finding.outcome) == outcomes.end()) return false;
  const bool has_field = std::any_of(rule.rule.fields.begin(), rule.rule.fields.end(), [&](const std::string& field) {
    return FieldNamed(finding.id, target_, field) != nullptr;
  });
  if (has_field && !DiffersOnlyIn(rule.rule.fields, finding, sides, target_)) return false;
  return std::all_of(rule.conditions.begin(), rule.conditions.end(),
                     [&](const ResolvedCondition& condition) { return condition.Holds(finding.id, sides); });
}

bool AdviceSet::HoldsOf(const Rule& rule, const AdvisedVcpu& vcpu) const {
  return std::all_of(rule.conditions.begin(), rule.conditions.end(),
                     [&](const ResolvedCondition& condition) { return condition.Holds(absl::nullopt, vcpu.sides); });
}

absl::optional<std::vector<RegisterId>> AdviceSet::Covered(const Rule& rule, absl::Span<const AdvisedVcpu> vcpus,
                                                           const AdvisedVcpu& vcpu,
                                                           std::vector<bool>& explained) const {
  if (!rule.is_about_findings()) {
    if (!HoldsOf(rule, vcpu)) return absl::nullopt;
    return std::vector<RegisterId>();
  }
  const bool of_obstacles = rule.rule.kind == AdviceKind::kCause;
  std::vector<RegisterId> covered;
  std::vector<size_t> positions;
  for (size_t i = 0; i < vcpu.findings.size(); ++i) {
    const RegisterFinding& finding = vcpu.findings[i];
    if (IsObstacle(finding) != of_obstacles || (of_obstacles && explained[i])) continue;
    if (!Matches(rule, finding, vcpu.sides)) continue;
    if (rule.rule.vcpus == VcpuRelation::kDiffer && !Differs(finding, vcpus)) continue;
    covered.push_back(finding.id);
    positions.push_back(i);
  }
  if (covered.size() < std::max<size_t>(rule.rule.min_findings, 1)) return absl::nullopt;
  if (of_obstacles) {
    for (const size_t i : positions) explained[i] = true;
  }
  return covered;
}

std::map<uint64_t, std::string> AdviceSet::Compared(const Rule& rule, const RegisterList& list) const {
  std::map<uint64_t, std::string> compared;
  for (const uint64_t raw : rule.ids) {
    const RegisterId id = *RegisterId::Create(raw);
    const absl::optional<absl::string_view> value = list.Find(id);
    if (!value) continue;
    std::string& parts = compared[raw];
    if (rule.rule.fields.empty()) parts = std::string(*value);
    for (const std::string& name : rule.rule.fields) {
      const FieldDefinition* field = FieldNamed(id, target_, name);
      if (field != nullptr) absl::StrAppend(&parts, name, "=", ExtractField(*field, LowWord(*value)), ";");
    }
  }
  return compared;
}

void AdviceSet::AddRelated(const Rule& rule, absl::Span<const AdvisedVcpu> vcpus, Advice& advice) const {
  std::map<std::map<uint64_t, std::string>, int> seen;  // the first vCPU by what is compared
  absl::optional<std::map<uint64_t, std::string>> first;
  std::set<int> related;
  std::set<uint64_t> registers;
  for (const AdvisedVcpu& vcpu : vcpus) {
    if (!HoldsOf(rule, vcpu)) continue;
    const std::map<uint64_t, std::string> compared = Compared(rule, vcpu.sides.checkpoint);
    if (compared.empty()) continue;
    if (!first) first = compared;
    const auto [same, is_new] = seen.emplace(compared, vcpu.index);
    const bool differs = rule.rule.vcpus == VcpuRelation::kDiffer;
    if (differs ? compared == *first : is_new) continue;
    related.insert(vcpu.index);
    if (!differs) related.insert(same->second);
    for (const auto& [id, value] : compared) {
      const auto before = first->find(id);
      if (!differs || before == first->end() || before->second != value) registers.insert(id);
    }
  }
  advice.vcpus.assign(related.begin(), related.end());
  for (const uint64_t id : registers) advice.registers.push_back(*RegisterId::Create(id));
}

std::vector<Advice> AdviceSet::Apply(absl::Span<const AdvisedVcpu> vcpus) const {
  return *ApplyFrom(AdviceKind::kCause, vcpus, NeverStop);
}

absl::StatusOr<std::vector<Advice>> AdviceSet::ApplyToCheckpoint(absl::Span<const CapturedVcpu> vcpus,
                                                                 const StopCheck& stop) const {
  std::vector<AdvisedVcpu> advised;
  for (const CapturedVcpu& vcpu : vcpus) {
    advised.push_back({vcpu.index, {vcpu.registers, vcpu.registers, vcpu.registers.values()}, {}});
  }
  return ApplyFrom(AdviceKind::kCheckpoint, advised, stop);
}

absl::StatusOr<std::vector<Advice>> AdviceSet::ApplyFrom(AdviceKind first, absl::Span<const AdvisedVcpu> vcpus,
                                                         const StopCheck& stop) const {
  std::vector<std::vector<bool>> explained;
  for (const AdvisedVcpu& vcpu : vcpus) explained.emplace_back(vcpu.findings.size());
  std::vector<Advice> result;
  for (const Rule& rule : rules_) {
    if (rule.rule.kind < first) continue;
    if (absl::Status status = stop(); !status.ok()) return status;
    Advice advice{rule.rule.name, rule.rule.kind, rule.rule.severity, "", "", {}, {}};
    if (rule.rule.kind == AdviceKind::kCheckpoint && rule.rule.vcpus != VcpuRelation::kNone) {
      AddRelated(rule, vcpus, advice);
    } else {
      std::set<uint64_t> registers;
      for (size_t i = 0; i < vcpus.size(); ++i) {
        const absl::optional<std::vector<RegisterId>> covered = Covered(rule, vcpus, vcpus[i], explained[i]);
        if (!covered) continue;
        advice.vcpus.push_back(vcpus[i].index);
        for (const RegisterId id : *covered) registers.insert(id.raw());
      }
      for (const uint64_t id : registers) advice.registers.push_back(*RegisterId::Create(id));
    }
    if (advice.vcpus.empty()) continue;
    std::vector<const RestoreSides*> shown;
    for (const AdvisedVcpu& vcpu : vcpus) {
      const bool is_meant = std::find(advice.vcpus.begin(), advice.vcpus.end(), vcpu.index) != advice.vcpus.end();
      if (is_meant) shown.push_back(&vcpu.sides);
    }
    advice.sentence = rule.sentence.Fill(shown);
    advice.action = rule.action.Fill(shown);
    result.push_back(std::move(advice));
  }
  return result;
}

}  // namespace armstate
