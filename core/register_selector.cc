#include "core/register_selector.h"

#include <algorithm>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/catalog_mapping.h"
#include "core/error.h"
#include "core/nearest_name.h"

namespace armstate {
namespace {

absl::Status NoSuchField(absl::string_view text, absl::string_view wanted, absl::string_view register_name,
                         absl::Span<const FieldDefinition> fields) {
  NearestName nearest(wanted);
  for (const FieldDefinition& field : fields) nearest.Consider(field.name);
  const std::string has =
      fields.empty() ? "no fields that are known"
                     : absl::StrCat("the fields ", absl::StrJoin(fields, ", ", [](std::string* out, const auto& field) {
                                      absl::StrAppend(out, field.name);
                                    }));
  std::map<std::string, std::string> metadata = {{"name", std::string(text)}};
  if (!nearest.name().empty()) metadata["nearest"] = absl::StrCat(register_name, ".", nearest.name());
  return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kRegisterNameUnknown,
                   absl::StrCat(register_name, " has no field \"", wanted, "\"; it has ", has), std::move(metadata));
}

// True if the vCPU is in a mode of AArch32 at EL1. User mode (0x10) can also be that of a 64-bit guest's 32-bit
// program.
bool RunsInAArch32(const RegisterList& list, IdScheme scheme) {
  const absl::optional<absl::string_view> pstate = list.Find(*ParseRegisterName("PSTATE", scheme));
  return pstate && (LowWord(*pstate) & 0x1f) > 0x10;
}

absl::optional<FieldDefinition> FindField(absl::Span<const FieldDefinition> fields, absl::string_view name) {
  for (const FieldDefinition& field : fields) {
    if (absl::EqualsIgnoreCase(field.name, name)) return field;
  }
  return absl::nullopt;
}

}  // namespace

absl::StatusOr<RegisterSelector> ParseRegisterSelector(absl::string_view text, IdScheme scheme) {
  const size_t dot = text.find('.');
  const absl::StatusOr<RegisterId> id = ParseRegisterName(text.substr(0, dot), scheme);
  if (!id.ok()) return id.status();
  if (dot == absl::string_view::npos) return RegisterSelector{*id, absl::nullopt};
  const absl::string_view wanted = text.substr(dot + 1);
  const absl::Span<const FieldDefinition> fields = RegisterFields(*id, scheme);
  const absl::optional<FieldDefinition> field = FindField(fields, wanted);
  if (field) return RegisterSelector{*id, field};
  return NoSuchField(text, wanted, RegisterName(*id, scheme), fields);
}

absl::StatusOr<std::vector<RegisterSelector>> ParseRegisterSelectors(const std::vector<std::string>& texts,
                                                                     IdScheme scheme) {
  std::vector<RegisterSelector> selectors;
  for (const std::string& text : texts) {
    absl::StatusOr<RegisterSelector> selector = ParseRegisterSelector(text, scheme);
    if (!selector.ok()) return selector.status();
    selectors.push_back(*std::move(selector));
  }
  return selectors;
}

RegisterSelector SelectorFor(const RegisterSelector& selector, IdScheme scheme,
                             absl::FunctionRef<bool(RegisterId)> has) {
  if (has(selector.id)) return selector;
  const absl::optional<RegisterId> mapped = AArch64RegisterOf(selector.id, scheme);
  if (!mapped || !has(*mapped)) return selector;
  if (!selector.field) return {*mapped, absl::nullopt};
  const absl::optional<FieldDefinition> field = FindField(RegisterFields(*mapped, scheme), selector.field->name);
  return field ? RegisterSelector{*mapped, field} : selector;
}

absl::optional<SelectedRegister> FindSelected(const RegisterList& list, const RegisterSelector& named,
                                              IdScheme scheme) {
  const absl::optional<RegisterId> mapped =
      list.Find(named.id) || !RunsInAArch32(list, scheme) ? absl::nullopt : AArch64RegisterOf(named.id, scheme);
  const absl::optional<absl::string_view> whole = mapped ? list.Find(*mapped) : absl::nullopt;
  if (whole) {
    const int first = FirstBitInAArch64(named.id, scheme);
    const size_t begin = std::min(static_cast<size_t>(first) / 8, whole->size());
    return SelectedRegister{named, *mapped, first, whole->substr(begin, named.id.width())};
  }
  const RegisterSelector selector =
      SelectorFor(named, scheme, [&list](RegisterId id) { return list.Find(id).has_value(); });
  const absl::optional<absl::string_view> value = list.Find(selector.id);
  if (!value) return absl::nullopt;
  return SelectedRegister{selector, selector.id, 0, *value};
}

std::string SelectorName(const RegisterSelector& selector, IdScheme scheme) {
  std::string name = RegisterName(selector.id, scheme);
  if (selector.field) absl::StrAppend(&name, ".", selector.field->name);
  return name;
}

}  // namespace armstate
