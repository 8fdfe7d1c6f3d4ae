#include "client/cli/output/register_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/output/table.h"
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
    table.AddRow(
        {std::string(field.name), Bits(field), absl::StrFormat("0x%x", bits), std::string(FieldMeaning(field, bits))});
  }
  table.Print("  ", out);
}

}  // namespace

void PrintRegisters(const RegisterList& list, IdScheme scheme, std::ostream& out) {
  Table table({"REGISTER", "VALUE"});
  for (size_t i = 0; i < list.size(); ++i) {
    table.AddRow({RegisterName(list.id(i), scheme), FormatValue(list.value(i))});
  }
  table.Print("", out);
}

absl::Status PrintSelected(const RegisterList& list, absl::Span<const RegisterSelector> selectors, IdScheme scheme,
                           std::ostream& out) {
  const auto has = [&list](RegisterId id) { return list.Find(id).has_value(); };
  for (const RegisterSelector& named : selectors) {
    const RegisterSelector selector = SelectorFor(named, scheme, has);
    const absl::StatusOr<absl::string_view> value = Require(list, selector.id, scheme);
    if (!value.ok()) return value.status();
    out << RegisterName(selector.id, scheme) << "  " << selector.id.ToString() << "  " << FormatValue(*value);
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
