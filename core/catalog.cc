#include "core/catalog.h"

#include <algorithm>
#include <map>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/types/optional.h"
#include "core/catalog_table.h"
#include "core/error.h"
#include "core/nearest_name.h"

namespace armstate {
namespace {

// No name is longer; what is may be as long as a message, and is not looked at further.
constexpr size_t kMaxNameSize = 64;

// The copy of a coprocessor register that has a suffix in this scheme.
absl::string_view SecondCopySuffix(IdScheme scheme) { return scheme == IdScheme::kTcg ? "_S" : "_NS"; }

bool IsSecondCopy(RegisterId id, IdScheme scheme) {
  return id.is_coprocessor() && ((id.raw() & kNonSecureBit) != 0) != (scheme == IdScheme::kTcg);
}

// The ID that the register's row has.
uint64_t RowId(RegisterId id) { return id.is_coprocessor() ? id.raw() & ~kNonSecureBit : id.raw(); }

// The plain copy of a coprocessor register has bit 29 in kTcg, the second one in kKvm.
RegisterId WithBank(uint64_t row_id, bool second_copy, IdScheme scheme) {
  const RegisterId id = *RegisterId::Create(row_id);
  if (!id.is_coprocessor() || second_copy == (scheme == IdScheme::kTcg)) return id;
  return *RegisterId::Create(row_id | kNonSecureBit);
}

absl::string_view KnownName(uint64_t row_id, IdScheme scheme) {
  for (const RegisterAlias& alias : RegisterAliases()) {
    if (alias.is_given && alias.id == row_id && scheme == IdScheme::kKvm) return alias.name;
  }
  const RegisterDefinition* row = FindDefinitionById(row_id);
  return row == nullptr ? "" : row->name;
}

absl::optional<uint64_t> KnownId(absl::string_view name, IdScheme scheme) {
  for (const RegisterAlias& alias : RegisterAliases()) {
    if (alias.only_in_kvm_lists && scheme != IdScheme::kKvm) continue;
    if (absl::EqualsIgnoreCase(alias.name, name)) return alias.id;
  }
  const RegisterDefinition* row = FindDefinitionByName(name);
  if (row == nullptr) return absl::nullopt;
  return row->id;
}

// The form by encoding, empty if the ID has bits that the form does not show.
std::string GenericName(uint64_t row_id) {
  const RegisterId id = *RegisterId::Create(row_id);
  const unsigned low = static_cast<unsigned>(row_id & 0xffff);
  if (id.is_system()) {
    const unsigned op0 = low >> 14, op1 = low >> 11 & 7, crn = low >> 7 & 15, crm = low >> 3 & 15, op2 = low & 7;
    if (RegisterId::System(op0, op1, crn, crm, op2) != id) return "";
    return absl::StrCat("S", op0, "_", op1, "_C", crn, "_C", crm, "_", op2);
  }
  if (!id.is_coprocessor()) return "";
  const unsigned coprocessor = static_cast<unsigned>(id.register_class());
  const unsigned crn = low >> 11 & 15, crm = low >> 7 & 15, opc1 = low >> 3 & 15, opc2 = low & 7;
  if (RegisterId::Cp32(coprocessor, opc1, crn, crm, opc2) == id) {
    return absl::StrCat("p", coprocessor, ",", opc1, ",c", crn, ",c", crm, ",", opc2);
  }
  if (RegisterId::Cp64(coprocessor, opc1, crm) == id) return absl::StrCat("p", coprocessor, ",", opc1, ",c", crm);
  return "";
}

// `text` is `prefix` and a decimal number from 0 to `max`, in one or two digits.
absl::optional<unsigned> ParsePart(absl::string_view text, absl::string_view prefix, unsigned max) {
  if (!absl::StartsWithIgnoreCase(text, prefix)) return absl::nullopt;
  text.remove_prefix(prefix.size());
  unsigned number = 0;
  if (text.empty() || text.size() > 2 || !absl::ascii_isdigit(text[0]) || (text.size() == 2 && text[0] == '0')) {
    return absl::nullopt;
  }
  if (!absl::SimpleAtoi(text, &number) || number > max) return absl::nullopt;
  return number;
}

absl::optional<uint64_t> ParseGenericSystem(absl::string_view name) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '_');
  if (parts.size() != 5) return absl::nullopt;
  const auto op0 = ParsePart(parts[0], "S", 3), op1 = ParsePart(parts[1], "", 7), crn = ParsePart(parts[2], "C", 15),
             crm = ParsePart(parts[3], "C", 15), op2 = ParsePart(parts[4], "", 7);
  if (!op0 || !op1 || !crn || !crm || !op2) return absl::nullopt;
  return RegisterId::System(*op0, *op1, *crn, *crm, *op2).raw();
}

absl::optional<uint64_t> ParseGenericCoprocessor(absl::string_view name) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, ',');
  if (parts.size() != 3 && parts.size() != 5) return absl::nullopt;
  const auto coprocessor = ParsePart(parts[0], "p", 15), opc1 = ParsePart(parts[1], "", 15),
             first = ParsePart(parts[2], "c", 15);
  if (!coprocessor || !opc1 || !first) return absl::nullopt;
  if (parts.size() == 3) return RegisterId::Cp64(*coprocessor, *opc1, *first).raw();
  const auto crm = ParsePart(parts[3], "c", 15), opc2 = ParsePart(parts[4], "", 7);
  if (!crm || !opc2) return absl::nullopt;
  return RegisterId::Cp32(*coprocessor, *opc1, *first, *crm, *opc2).raw();
}

absl::Status UnknownName(absl::string_view name, IdScheme scheme) {
  const std::string shown = absl::CEscape(name.substr(0, kMaxNameSize));
  std::map<std::string, std::string> metadata = {{"name", shown}};
  std::string message =
      absl::StrCat("no register has the name \"", shown, name.size() > kMaxNameSize ? "..." : "", "\"");
  if (name.size() <= kMaxNameSize) {
    const bool second_copy = absl::EndsWithIgnoreCase(name, SecondCopySuffix(scheme));
    if (second_copy) name.remove_suffix(SecondCopySuffix(scheme).size());
    NearestName nearest(name);
    for (const RegisterDefinition& row : RegisterDefinitions()) {
      if (!second_copy || RegisterId::Create(row.id)->is_coprocessor()) nearest.Consider(row.name);
    }
    if (!nearest.name().empty()) {
      metadata["nearest"] = absl::StrCat(nearest.name(), second_copy ? SecondCopySuffix(scheme) : "");
      absl::StrAppend(&message, "; did you mean ", metadata["nearest"], "?");
    }
  }
  return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kRegisterNameUnknown, message, std::move(metadata));
}

}  // namespace

std::string RegisterName(RegisterId id, IdScheme scheme) {
  const uint64_t row_id = RowId(id);
  std::string name(KnownName(row_id, scheme));
  if (name.empty()) name = GenericName(row_id);
  if (name.empty()) return id.ToString();
  if (IsSecondCopy(id, scheme)) absl::StrAppend(&name, SecondCopySuffix(scheme));
  return name;
}

absl::StatusOr<RegisterId> ParseRegisterName(absl::string_view name, IdScheme scheme) {
  if (name.empty() || name.size() > kMaxNameSize) return UnknownName(name, scheme);
  if (absl::StartsWithIgnoreCase(name, "0x")) {
    uint64_t raw = 0;
    if (!absl::SimpleHexAtoi(name, &raw)) return UnknownName(name, scheme);
    return RegisterId::Create(raw);
  }
  absl::string_view plain = name;
  const bool second_copy = absl::EndsWithIgnoreCase(name, SecondCopySuffix(scheme));
  if (second_copy) plain.remove_suffix(SecondCopySuffix(scheme).size());

  absl::optional<uint64_t> row_id = KnownId(plain, scheme);
  if (!row_id) row_id = ParseGenericCoprocessor(plain);
  if (!row_id) row_id = ParseGenericSystem(plain);
  if (!row_id || (second_copy && !RegisterId::Create(*row_id)->is_coprocessor())) return UnknownName(name, scheme);
  return WithBank(*row_id, second_copy, scheme);
}

bool IsSecretRegister(RegisterId id) {
  static const std::vector<uint64_t>* const secrets = [] {
    auto* const ids = new std::vector<uint64_t>;
    for (const RegisterDefinition& row : RegisterDefinitions()) {
      if (row.is_secret) ids->push_back(row.id);
    }
    std::sort(ids->begin(), ids->end());
    return ids;
  }();
  const uint64_t row_id = RowId(id);
  // Few are, and their IDs are near to each other.
  if (row_id < secrets->front() || row_id > secrets->back()) return false;
  return std::binary_search(secrets->begin(), secrets->end(), row_id);
}

bool IsSecretRegister(uint64_t raw_id) {
  const absl::StatusOr<RegisterId> id = RegisterId::Create(raw_id);
  return id.ok() && IsSecretRegister(*id);
}

absl::Span<const FieldDefinition> RegisterFields(RegisterId id, IdScheme /*scheme*/) {
  const RegisterDefinition* row = FindDefinitionById(RowId(id));
  return row == nullptr ? absl::Span<const FieldDefinition>() : row->fields;
}

uint64_t ExtractField(const FieldDefinition& field, uint64_t value) {
  const uint64_t shifted = value >> field.lsb;
  return field.width >= 64 ? shifted : shifted & ((uint64_t{1} << field.width) - 1);
}

absl::string_view FieldMeaning(const FieldDefinition& field, uint64_t value) {
  const uint64_t bits = field.values_mask != 0 ? value & field.values_mask : ExtractField(field, value);
  for (const NamedValue& named : field.values) {
    if (named.value == bits) return named.meaning;
  }
  return "";
}

}  // namespace armstate
