#include "client/cli/output/register_text.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/output/table.h"
#include "core/catalog_mapping.h"
#include "core/error.h"

namespace armstate {
namespace {

absl::StatusOr<absl::string_view> Require(const RegisterList& list, RegisterId id, IdScheme scheme) {
  const absl::optional<absl::string_view> value = list.Find(id);
  if (value) return *value;
  return MakeError(absl::StatusCode::kNotFound, ErrorReason::kRegisterNotFound,
                   absl::StrCat("the vCPU has no register ", RegisterName(id, scheme), " (", id.ToString(), ")"),
                   {{"register_id", id.ToString()}});
}

std::string Bits(const FieldDefinition& field) {
  if (field.width == 1) return absl::StrCat("[", field.lsb, "]");
  return absl::StrCat("[", field.lsb + field.width - 1, ":", field.lsb, "]");
}

void PrintFields(absl::Span<const FieldDefinition> fields, absl::string_view value, std::ostream& out) {
  Table table({"FIELD", "BITS", "VALUE", "MEANING"});
  for (const FieldDefinition& field : fields) {
    const uint64_t bits = ExtractField(field, LowWord(value));
    table.AddRow({std::string(field.name), Bits(field), absl::StrFormat("0x%x", bits),
                  std::string(FieldMeaning(field, LowWord(value)))});
  }
  table.Print("  ", out);
}

// True if the vCPU is in a mode of AArch32 at EL1. User mode (0x10) can also be that of a 64-bit guest's 32-bit
// program.
bool RunsInAArch32(const RegisterList& list, IdScheme scheme) {
  const absl::optional<absl::string_view> pstate = list.Find(*ParseRegisterName("PSTATE", scheme));
  return pstate && (LowWord(*pstate) & 0x1f) > 0x10;
}

// Prints an AArch32 register whose bits an AArch64 register of this value has.
void PrintAArch32(const RegisterSelector& selector, RegisterId in, absl::string_view value, IdScheme scheme,
                  std::ostream& out) {
  const int first = FirstBitInAArch64(selector.id, scheme);
  const size_t begin = std::min(static_cast<size_t>(first) / 8, value.size());
  const absl::string_view bits = value.substr(begin, selector.id.width());
  out << RegisterName(selector.id, scheme) << "  " << in.ToString() << "  " << FormatValue(bits)
      << "  (the guest runs in AArch32: bits " << first + 8 * static_cast<int>(bits.size()) - 1 << " to " << first
      << " of " << RegisterName(in, scheme) << ")\n";
  PrintFields(selector.field ? absl::MakeConstSpan(&*selector.field, 1) : RegisterFields(selector.id, scheme), bits,
              out);
}

std::string ValueText(RegisterId id, absl::string_view value, SecretValues secrets) {
  if (secrets == SecretValues::kRedacted && IsSecretRegister(id)) return std::string(kRedacted);
  return FormatValue(value);
}

}  // namespace

SecretValues FillRedacted(v1::RegisterList& list) {
  if (list.redacted_ids().empty()) return SecretValues::kShown;
  std::string values;
  size_t taken = 0;
  int redacted = 0;
  for (const uint64_t id : list.ids()) {
    const absl::StatusOr<RegisterId> parsed = RegisterId::Create(id);
    if (!parsed.ok()) continue;  // the list will be refused
    if (redacted < list.redacted_ids_size() && list.redacted_ids(redacted) == id) {
      values.append(parsed->width(), '\0');
      ++redacted;
    } else {
      absl::StrAppend(&values, absl::ClippedSubstr(list.values(), taken, parsed->width()));
      taken += parsed->width();
    }
  }
  list.set_values(std::move(values));
  list.clear_redacted_ids();
  return SecretValues::kRedacted;
}

void PrintRegisters(const RegisterList& list, SecretValues secrets, IdScheme scheme, std::ostream& out) {
  Table table({"REGISTER", "VALUE"});
  for (size_t i = 0; i < list.size(); ++i) {
    table.AddRow({RegisterName(list.id(i), scheme), ValueText(list.id(i), list.value(i), secrets)});
  }
  table.Print("", out);
}

absl::Status PrintSelected(const RegisterList& list, SecretValues secrets, absl::Span<const RegisterSelector> selectors,
                           IdScheme scheme, std::ostream& out) {
  const auto has = [&list](RegisterId id) { return list.Find(id).has_value(); };
  const bool is_aarch32 = RunsInAArch32(list, scheme);
  for (const RegisterSelector& named : selectors) {
    const absl::optional<RegisterId> mapped =
        is_aarch32 && !has(named.id) ? AArch64RegisterOf(named.id, scheme) : absl::nullopt;
    if (mapped && has(*mapped)) {
      PrintAArch32(named, *mapped, *list.Find(*mapped), scheme, out);
      continue;
    }
    const RegisterSelector selector = SelectorFor(named, scheme, has);
    const absl::StatusOr<absl::string_view> value = Require(list, selector.id, scheme);
    if (!value.ok()) return value.status();
    out << RegisterName(selector.id, scheme) << "  " << selector.id.ToString() << "  "
        << ValueText(selector.id, *value, secrets);
    if (selector.id != named.id) out << "  (AArch64; " << RegisterName(named.id, scheme) << " is mapped to it)";
    out << '\n';
    if (selector.field) {
      PrintFields({&*selector.field, 1}, *value, out);
    } else {
      PrintFields(RegisterFields(selector.id, scheme), *value, out);
    }
  }
  return absl::OkStatus();
}

}  // namespace armstate
