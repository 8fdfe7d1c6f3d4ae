#include "core/changed_fields.h"

#include "absl/strings/str_cat.h"
#include "core/register_list.h"

namespace armstate {

std::vector<ChangedField> ChangedFields(RegisterId id, IdScheme scheme, uint64_t first, uint64_t second) {
  std::vector<ChangedField> changed;
  const absl::Span<const FieldDefinition> fields = RegisterFields(id, scheme);
  if (fields.empty()) return changed;
  uint64_t named = 0;
  for (const FieldDefinition& field : fields) {
    const uint64_t mask = ((~uint64_t{0}) >> (64 - field.width)) << field.lsb;
    named |= mask;
    const uint64_t in_first = ExtractField(field, first);
    const uint64_t in_second = ExtractField(field, second);
    if (in_first == in_second) continue;
    changed.push_back(
        {std::string(field.name), in_first, in_second, FieldMeaning(field, first), FieldMeaning(field, second), mask});
  }
  for (int msb = 63; msb >= 0; --msb) {
    if ((named >> msb & 1) != 0) continue;
    int lsb = msb;
    while (lsb % 4 != 0 && (named >> (lsb - 1) & 1) == 0) --lsb;
    const uint64_t low = (uint64_t{2} << (msb - lsb)) - 1;
    if (((first ^ second) >> lsb & low) != 0) {
      changed.push_back({absl::StrCat("[", msb, msb == lsb ? "" : absl::StrCat(":", lsb), "]"), first >> lsb & low,
                         second >> lsb & low, "", "", low << lsb});
    }
    msb = lsb;
  }
  return changed;
}

std::vector<ChangedField> ChangedFields(const RegisterFinding& finding, IdScheme scheme) {
  if (finding.wanted.empty() || finding.got.empty()) return {};
  return ChangedFields(finding.id, scheme, LowWord(finding.wanted), LowWord(finding.got));
}

absl::Span<const uint64_t> AcceptedValuesOf(const RegisterFinding& finding, const ChangedField& field) {
  for (const AcceptedFieldValues& accepted : finding.accepted) {
    if (accepted.mask == field.mask) return accepted.values;
  }
  return {};
}

}  // namespace armstate
