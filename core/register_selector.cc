#include "core/register_selector.h"

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

std::string SelectorName(const RegisterSelector& selector, IdScheme scheme) {
  std::string name = RegisterName(selector.id, scheme);
  if (selector.field) absl::StrAppend(&name, ".", selector.field->name);
  return name;
}

}  // namespace armstate
