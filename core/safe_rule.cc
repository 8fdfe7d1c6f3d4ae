#include "core/safe_rule.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "core/register_kind.h"

namespace armstate {
namespace {

int64_t BySign(const FieldDefinition& field, uint64_t value) {
  const bool negative = field.is_signed && (value >> (field.width - 1) & 1) != 0;
  return static_cast<int64_t>(value) - (negative ? int64_t{1} << field.width : 0);
}

// Fields that a running guest relies on as they are, whatever would suit a guest that has not started.
bool IsInUse(absl::string_view register_name, absl::string_view field) {
  if (absl::StartsWith(register_name, "MPIDR") || absl::StartsWith(register_name, "VMPIDR")) return true;
  return field == "BS" && (register_name == "DCZID_EL0" || register_name == "GMID_EL1");
}

bool IsGeometry(absl::string_view register_name) {
  return absl::StartsWith(register_name, "CCSIDR") || absl::StartsWith(register_name, "CLIDR");
}

bool IsImplementation(RegisterId id, absl::string_view register_name) {
  return IsImplementationId(id) || register_name == "MIDR" || register_name == "REVIDR" || register_name == "AIDR";
}

}  // namespace

bool KeepsPromise(const FieldDefinition& field, uint64_t shown, uint64_t now) {
  if (shown == now) return true;
  switch (field.rule) {
    case SafeRule::kLower:
      return BySign(field, shown) <= BySign(field, now);
    case SafeRule::kHigher:
      return BySign(field, shown) >= BySign(field, now);
    case SafeRule::kHigherOrZero:
      return shown == 0 || (now != 0 && BySign(field, shown) >= BySign(field, now));
    case SafeRule::kExact:
      return shown == field.safe_value;
    case SafeRule::kNone:
      return false;
  }
  return false;
}

std::vector<ChangedField> LostFeatures(RegisterId id, IdScheme scheme, uint64_t shown, uint64_t now) {
  const std::string name = RegisterName(id, scheme);
  if (IsImplementation(id, name) || IsGeometry(name)) return {};
  const absl::Span<const FieldDefinition> fields = RegisterFields(id, scheme);
  std::vector<ChangedField> lost = ChangedFields(id, scheme, shown, now);
  const auto kept = [&](const ChangedField& changed) {
    if (IsInUse(name, changed.name)) return false;
    const auto field = std::find_if(fields.begin(), fields.end(),
                                    [&](const FieldDefinition& candidate) { return candidate.name == changed.name; });
    if (field == fields.end()) return (changed.first & ~changed.second) == 0;
    // An instruction that is new to the guest: its rule is for hosts among which a guest moves from the start.
    if (field->name == "BC") return changed.first <= changed.second;
    return field->rule == SafeRule::kNone || KeepsPromise(*field, changed.first, changed.second);
  };
  lost.erase(std::remove_if(lost.begin(), lost.end(), kept), lost.end());
  // Of a register without known fields nothing but the value itself can be compared.
  if (fields.empty() && (shown & ~now) != 0) lost.push_back({"the value", shown, now, "", "", ~uint64_t{0}});
  return lost;
}

}  // namespace armstate
