#include "client/cli/output/comparison_text.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "client/cli/output/text.h"
#include "proto/enum_name.h"

namespace armstate {
namespace {

// The number of bytes of an opaque field that are shown; the JSON output has all of them.
constexpr size_t kMaxShownBytes = 32;

std::string OrDash(std::string text) { return text.empty() ? "-" : Printable(std::move(text)); }

std::string BytesInHex(const std::string& data) {
  const std::string hex = absl::BytesToHexString(absl::string_view(data).substr(0, kMaxShownBytes));
  return data.size() <= kMaxShownBytes ? hex : absl::StrCat(hex, "... (", data.size(), " bytes)");
}

std::string WithMeaning(uint64_t value, const std::string& meaning) {
  const std::string number = absl::StrFormat("0x%x", value);
  return meaning.empty() ? number : absl::StrCat(number, " (", Printable(meaning), ")");
}

// Prints lines "name  old -> new", or "name  value" if both are equal.
class ChangePrinter {
 public:
  ChangePrinter(const Palette& palette, std::ostream& out) : palette_(palette), out_(out) {}

  void FitName(const std::string& name) { width_ = std::max(width_, name.size()); }

  void Print(std::string name, const std::string& old_value, const std::string& new_value) {
    name.resize(std::max(name.size(), width_), ' ');
    out_ << "    " << Printable(std::move(name)) << "  ";
    if (old_value == new_value) {
      out_ << OrDash(old_value) << '\n';
      return;
    }
    out_ << palette_.Bad(OrDash(old_value)) << " -> " << palette_.Good(OrDash(new_value)) << '\n';
  }

 private:
  const Palette& palette_;
  std::ostream& out_;
  size_t width_ = 0;
};

// "INTERRUPT_CONTROLLER" -> "interrupt controller".
std::string GroupText(v1::RegisterGroup group) {
  return absl::StrReplaceAll(absl::AsciiStrToLower(EnumName(group)), {{"_", " "}});
}

void PrintRegisters(const v1::VcpuComparison& vcpu, const Palette& palette, std::ostream& out) {
  ChangePrinter printer(palette, out);
  for (const v1::RegisterChange& change : vcpu.registers()) printer.FitName(change.name());
  v1::RegisterGroup group = v1::REGISTER_GROUP_UNSPECIFIED;
  for (const v1::RegisterChange& change : vcpu.registers()) {
    if (change.group() != group) out << "  " << GroupText(change.group()) << '\n';
    group = change.group();
    printer.Print(change.name(), change.old_value(), change.new_value());
    for (const v1::FieldChange& field : change.fields()) {
      out << "      " << Printable(field.field()) << ": " << WithMeaning(field.old_value(), field.old_meaning())
          << " -> " << WithMeaning(field.new_value(), field.new_meaning()) << '\n';
    }
  }
}

void PrintOpaqueFields(const v1::VcpuComparison& vcpu, const Palette& palette, std::ostream& out) {
  if (vcpu.opaque_fields().empty()) return;
  out << "  other state (bytes as in the source)\n";
  ChangePrinter printer(palette, out);
  for (const v1::OpaqueFieldChange& change : vcpu.opaque_fields()) printer.FitName(change.name());
  for (const v1::OpaqueFieldChange& change : vcpu.opaque_fields()) {
    printer.Print(change.name(), BytesInHex(change.old_data()), BytesInHex(change.new_data()));
  }
}

std::string CountsText(const v1::VcpuComparison& vcpu) {
  return absl::StrCat(vcpu.different_count() == 0   ? "no register differs"
                      : vcpu.different_count() == 1 ? "1 register differs"
                                                    : absl::StrCat(vcpu.different_count(), " registers differ"),
                      ", ", vcpu.equal_count(), vcpu.equal_count() == 1 ? " is equal" : " are equal");
}

}  // namespace

void PrintComparison(const v1::CompareCheckpointsResponse& comparison, const Palette& palette, std::ostream& out) {
  const std::string old_name = Printable(comparison.old_checkpoint().name());
  const std::string new_name = Printable(comparison.new_checkpoint().name());
  out << old_name << " -> " << new_name << '\n';
  for (const std::string& note : comparison.notes()) out << "note: " << Printable(note) << '\n';
  for (const v1::VcpuComparison& vcpu : comparison.vcpus()) {
    out << "vCPU " << vcpu.vcpu_index() << ": ";
    if (vcpu.only_in_old() || vcpu.only_in_new()) {
      out << palette.Warning(absl::StrCat("only in ", vcpu.only_in_old() ? old_name : new_name)) << '\n';
      continue;
    }
    out << CountsText(vcpu) << '\n';
    PrintRegisters(vcpu, palette, out);
    PrintOpaqueFields(vcpu, palette, out);
  }
}

bool IsDifferent(const v1::CompareCheckpointsResponse& comparison) {
  const auto field_differs = [](const v1::OpaqueFieldChange& field) { return field.old_data() != field.new_data(); };
  return std::any_of(comparison.vcpus().begin(), comparison.vcpus().end(), [&](const v1::VcpuComparison& vcpu) {
    return vcpu.only_in_old() || vcpu.only_in_new() || vcpu.different_count() != 0 ||
           std::any_of(vcpu.opaque_fields().begin(), vcpu.opaque_fields().end(), field_differs);
  });
}

}  // namespace armstate
