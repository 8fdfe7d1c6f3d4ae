#include "server/verdict/text.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/catalog.h"
#include "core/changed_fields.h"
#include "core/number_ranges.h"
#include "core/vector_lengths.h"
#include "server/verdict/accepted_values.h"
#include "server/verdict/advice.h"

namespace armstate {
namespace {

// Returns whole values that were tried on the host and accepted: "0x10000, 0x10001".
std::string TriedValues(const CpuProfile& profile, size_t index) {
  const RegisterRule* rule = profile.computed().rule(index);
  if (rule == nullptr || !rule->write) return "";
  std::vector<uint64_t> taken;
  for (const WriteRule::Value& value : rule->write->values) {
    if (value.error.empty() && value.reads == value.value) taken.push_back(value.value);
  }
  std::sort(taken.begin(), taken.end());
  return absl::StrJoin(taken, ", ",
                       [](std::string* out, uint64_t value) { absl::StrAppendFormat(out, "0x%x", value); });
}

// Returns the register that determines a firmware level; empty for other registers.
std::string ControllerOf(const CpuProfile& profile, size_t index) {
  const RegisterRule* rule = profile.computed().rule(index);
  const auto* level = rule == nullptr ? nullptr : std::get_if<FirmwareLevelBehaviour>(&rule->behaviour);
  return level == nullptr ? "" : RegisterName(level->controller, profile.scheme());
}

// Returns what the target accepts instead; empty if all that is known is that it rejects the value.
std::string AcceptedText(const RegisterFinding& finding, const CpuProfile& profile, size_t index) {
  const RegisterRule* rule = profile.computed().rule(index);
  if (rule != nullptr && std::holds_alternative<VectorLengthsBehaviour>(rule->behaviour)) {
    return absl::StrCat("the host has vectors of ", VectorLengthsText(rule->reset),
                        " bits; a VM must have all of these up to its longest");
  }
  std::vector<std::string> fields;
  for (const ChangedField& field : ChangedFields(finding, profile.scheme())) {
    const absl::Span<const uint64_t> accepted = AcceptedValuesOf(finding, field);
    if (accepted.empty() || std::binary_search(accepted.begin(), accepted.end(), field.first)) continue;
    fields.push_back(absl::StrCat(field.name, accepted.size() == 1 ? " only as " : " as ", NumberRanges(accepted)));
  }
  if (!fields.empty()) return absl::StrCat("the target accepts ", absl::StrJoin(fields, ", "));
  const std::string tried = TriedValues(profile, index);
  return tried.empty() ? "" : absl::StrCat("of the values that were tried on it, the host accepts ", tried);
}

// Adds which values of each field the target accepts, and says so as the reason, unless a rule has its own.
void Explain(const CpuProfile& profile, const EngineVcpu& fresh, RegisterFinding& finding) {
  const absl::optional<size_t> index = profile.layout()->Find(finding.id);
  if (!index || (finding.outcome != RegisterOutcome::kWriteRefused && finding.outcome != RegisterOutcome::kIgnored &&
                 finding.outcome != RegisterOutcome::kDiffers)) {
    return;
  }
  const std::string controller = ControllerOf(profile, *index);
  std::string reason;
  if (!controller.empty()) {
    reason = absl::StrCat("the host computes it from ", controller);
  } else {
    for (const ChangedField& field : ChangedFields(finding, profile.scheme())) {
      std::vector<uint64_t> values = AcceptedValues(fresh, *index, field.mask);
      if (!values.empty()) finding.accepted.push_back({field.mask, std::move(values)});
    }
    if (finding.outcome == RegisterOutcome::kWriteRefused) reason = AcceptedText(finding, profile, *index);
  }
  if (!reason.empty() && finding.tolerance.empty()) finding.reason = std::move(reason);
}

}  // namespace

void ExplainVcpu(const v1::Source& source, const ResolvedTarget& target, VcpuPosition position, AdvisedUse use,
                 RestoreReport& report) {
  const CpuProfile& profile = *target.profile(static_cast<size_t>(position.index));
  const EngineVcpu fresh(target.profile(static_cast<size_t>(position.index)), position);
  for (RegisterFinding& finding : report.findings) {
    Explain(profile, fresh, finding);
    if (finding.tolerance.empty() && !finding.accept_as.empty()) {
      finding.advice = absl::StrCat("to convert nevertheless: --accept ", finding.accept_as);
    } else if (use == AdvisedUse::kRestore) {  // a conversion has other ways out
      finding.advice = AdviceFor(finding, source, target, profile);
    }
  }
}

std::string BriefText(const RegisterFinding& finding, const EngineVcpu& fresh) {
  const CpuProfile& profile = fresh.profile();
  const std::string name = RegisterName(finding.id, profile.scheme());
  if (finding.outcome == RegisterOutcome::kUnknown) return absl::StrCat("no ", name);
  if (finding.outcome == RegisterOutcome::kRequired) return absl::StrCat(name, " is not in the checkpoint");
  if (finding.outcome == RegisterOutcome::kWriteUndetermined) return absl::StrCat(name, ": not known");
  if (finding.wanted.empty() || finding.got.empty() || finding.wanted.size() > 8) return name;
  if (IsSecretRegister(finding.id)) return absl::StrCat(name, " has another value");
  const absl::optional<size_t> index = profile.layout()->Find(finding.id);
  if (index) {
    for (const FieldDefinition& field : RegisterFields(finding.id, profile.scheme())) {
      const uint64_t wanted = ExtractField(field, LowWord(finding.wanted));
      if (wanted == ExtractField(field, LowWord(finding.got))) continue;
      const std::vector<uint64_t> accepted =
          AcceptedValues(fresh, *index, ExtractField(field, ~uint64_t{0}) << field.lsb);
      if (accepted.empty() || std::binary_search(accepted.begin(), accepted.end(), wanted)) continue;
      return absl::StrCat(name, ".", field.name, " wanted ", wanted, ", accepts ", NumberRanges(accepted));
    }
  }
  return absl::StrCat(name, " wanted ", FormatValue(finding.wanted), ", has ", FormatValue(finding.got));
}

}  // namespace armstate
