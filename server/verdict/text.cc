#include "server/verdict/text.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/catalog.h"
#include "core/number_ranges.h"
#include "server/verdict/accepted_values.h"
#include "server/verdict/advice.h"

namespace armstate {
namespace {

struct FieldBits {
  uint32_t lsb;
  uint32_t width;
};

// Parses a field's name, or "[63:60]" for nibbles without a name (proto/restore_report_conversion.h).
FieldBits BitsOf(RegisterId id, IdScheme scheme, absl::string_view name) {
  for (const FieldDefinition& field : RegisterFields(id, scheme)) {
    if (field.name == name) return {field.lsb, field.width};
  }
  for (uint32_t lsb = 0; lsb < 64; lsb += 4) {
    if (name == absl::StrCat("[", lsb + 3, ":", lsb, "]")) return {lsb, 4};
  }
  return {0, 64};  // too wide to try all values
}

bool IsInTheWay(const v1::FieldDifference& field) {
  return !field.accepted().empty() &&
         !std::binary_search(field.accepted().begin(), field.accepted().end(), field.wanted());
}

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

std::string LengthsText(absl::string_view set) {
  std::vector<int> lengths;
  for (size_t n = 0; n < 8 * set.size(); ++n) {
    if ((static_cast<uint8_t>(set[n / 8]) >> n % 8 & 1) != 0) lengths.push_back(static_cast<int>(128 * (n + 1)));
  }
  return absl::StrJoin(lengths, ", ");
}

// Returns the register that determines a firmware level; empty for other registers.
std::string ControllerOf(const CpuProfile& profile, size_t index) {
  const RegisterRule* rule = profile.computed().rule(index);
  const auto* level = rule == nullptr ? nullptr : std::get_if<FirmwareLevelBehaviour>(&rule->behaviour);
  return level == nullptr ? "" : RegisterName(level->controller, profile.scheme());
}

// Returns what the target accepts instead; empty if all that is known is that it rejects the value.
std::string AcceptedText(const v1::RegisterReport& finding, const CpuProfile& profile, size_t index) {
  const RegisterRule* rule = profile.computed().rule(index);
  if (rule != nullptr && std::holds_alternative<VectorLengthsBehaviour>(rule->behaviour)) {
    return absl::StrCat("the host has vectors of ", LengthsText(rule->reset),
                        " bits; a VM must have all of these up to its longest");
  }
  std::vector<std::string> fields;
  for (const v1::FieldDifference& field : finding.fields()) {
    if (!IsInTheWay(field)) continue;
    fields.push_back(absl::StrCat(field.field(), field.accepted_size() == 1 ? " only as " : " as ",
                                  NumberRanges(absl::MakeConstSpan(field.accepted().data(), field.accepted().size()))));
  }
  if (!fields.empty()) return absl::StrCat("the target accepts ", absl::StrJoin(fields, ", "));
  const std::string tried = TriedValues(profile, index);
  return tried.empty() ? "" : absl::StrCat("of the values that were tried on it, the host accepts ", tried);
}

}  // namespace

void ExplainVcpu(const v1::Source& source, const ResolvedTarget& target, VcpuPosition position,
                 v1::VcpuRestoreReport& report) {
  const CpuProfile& profile = *target.profile(static_cast<size_t>(position.index));
  const EngineVcpu fresh(target.profile(static_cast<size_t>(position.index)), position);
  for (v1::RegisterReport& finding : *report.mutable_registers()) {
    const absl::StatusOr<RegisterId> id = RegisterId::Create(finding.register_id());
    if (!id.ok()) continue;
    const absl::optional<size_t> index = profile.layout()->Find(*id);
    const bool refused = finding.outcome() == v1::REGISTER_OUTCOME_WRITE_REFUSED ||
                         finding.outcome() == v1::REGISTER_OUTCOME_IGNORED ||
                         finding.outcome() == v1::REGISTER_OUTCOME_DIFFERS;
    const std::string controller = index && refused ? ControllerOf(profile, *index) : "";
    if (!controller.empty()) {
      finding.set_reason(absl::StrCat("the host computes it from ", controller));
    } else if (index && refused) {
      for (v1::FieldDifference& field : *finding.mutable_fields()) {
        const FieldBits bits = BitsOf(*id, profile.scheme(), field.field());
        for (const uint64_t value : AcceptedValues(fresh, *index, bits.lsb, bits.width)) field.add_accepted(value);
      }
      const std::string accepted = AcceptedText(finding, profile, *index);
      if (!accepted.empty() && finding.outcome() == v1::REGISTER_OUTCOME_WRITE_REFUSED) finding.set_reason(accepted);
    }
    finding.set_advice(AdviceFor(finding, source, target, profile));
  }
}

std::string BriefText(const RegisterFinding& finding, const EngineVcpu& fresh) {
  const CpuProfile& profile = fresh.profile();
  const std::string name = RegisterName(finding.id, profile.scheme());
  if (finding.outcome == RegisterOutcome::kUnknown) return absl::StrCat("no ", name);
  if (finding.outcome == RegisterOutcome::kRequired) return absl::StrCat(name, " is not in the checkpoint");
  if (finding.outcome == RegisterOutcome::kWriteUndetermined) return absl::StrCat(name, ": not known");
  if (finding.wanted.empty() || finding.got.empty() || finding.wanted.size() > 8) return name;
  const absl::optional<size_t> index = profile.layout()->Find(finding.id);
  if (index) {
    for (const FieldDefinition& field : RegisterFields(finding.id, profile.scheme())) {
      const uint64_t wanted = ExtractField(field, LowWord(finding.wanted));
      if (wanted == ExtractField(field, LowWord(finding.got))) continue;
      const std::vector<uint64_t> accepted = AcceptedValues(fresh, *index, field.lsb, field.width);
      if (accepted.empty() || std::binary_search(accepted.begin(), accepted.end(), wanted)) continue;
      return absl::StrCat(name, ".", field.name, " wanted ", wanted, ", accepts ", NumberRanges(accepted));
    }
  }
  return absl::StrCat(name, " wanted ", FormatValue(finding.wanted), ", has ", FormatValue(finding.got));
}

}  // namespace armstate
