#include "client/cli/output/register_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/output/table.h"
#include "core/error.h"

namespace armstate {
namespace {

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
  for (const RegisterSelector& named : selectors) {
    const absl::optional<SelectedRegister> found = FindSelected(list, named, scheme);
    if (!found) {
      return MakeError(
          absl::StatusCode::kNotFound, ErrorReason::kRegisterNotFound,
          absl::StrCat("the vCPU has no register ", RegisterName(named.id, scheme), " (", named.id.ToString(), ")"),
          {{"register_id", named.id.ToString()}});
    }
    const RegisterSelector& shown = found->selector;
    out << RegisterName(shown.id, scheme) << "  " << found->in.ToString() << "  "
        << ValueText(found->in, found->value, secrets);
    if (shown.id != found->in) {
      out << "  (the guest runs in AArch32: bits " << found->first_bit + 8 * static_cast<int>(found->value.size()) - 1
          << " to " << found->first_bit << " of " << RegisterName(found->in, scheme) << ")";
    } else if (shown.id != named.id) {
      out << "  (AArch64; " << RegisterName(named.id, scheme) << " is mapped to it)";
    }
    out << '\n';
    PrintFields(shown.field ? absl::MakeConstSpan(&*shown.field, 1) : RegisterFields(shown.id, scheme), found->value,
                out);
  }
  return absl::OkStatus();
}

}  // namespace armstate
