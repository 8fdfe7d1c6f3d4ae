#include "client/commands/report_text.h"

#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/commands/table.h"
#include "core/register_list.h"

namespace armstate {
namespace {

bool IsRefusal(v1::RegisterOutcome outcome) {
  switch (outcome) {
    case v1::IGNORED:
    case v1::WRITE_REFUSED:
    case v1::DIFFERS:
    case v1::UNKNOWN:
    case v1::REQUIRED:
      return true;
    default:
      return false;
  }
}

std::string Verdict(v1::Verdict verdict, const Palette& palette) {
  switch (verdict) {
    case v1::ACCEPTED:
      return palette.Good("ACCEPTED");
    case v1::ACCEPTED_WITH_CHANGES:
      return palette.Warning("ACCEPTED WITH CHANGES");
    case v1::UNDETERMINED:
      return palette.Warning("UNDETERMINED");
    default:
      return palette.Bad("REFUSED");
  }
}

// "WRITE_REFUSED" -> "write refused".
std::string OutcomeText(v1::RegisterOutcome outcome) {
  return absl::StrReplaceAll(absl::AsciiStrToLower(v1::RegisterOutcome_Name(outcome)), {{"_", " "}});
}

std::string FieldsText(const v1::RegisterReport& report) {
  return absl::StrJoin(report.fields(), ", ", [](std::string* out, const v1::FieldDifference& field) {
    absl::StrAppendFormat(out, "%s 0x%x, got 0x%x", field.field(), field.wanted(), field.got());
  });
}

std::string ValueText(const std::string& value) { return value.empty() ? "-" : FormatValue(value); }

std::vector<std::string> Row(const v1::RegisterReport& report) {
  std::string reason = report.reason();
  if (!report.fields().empty()) absl::StrAppend(&reason, " (", FieldsText(report), ")");
  if (!report.put_back_error().empty()) absl::StrAppend(&reason, "; not put back: ", report.put_back_error());
  return {report.name(), OutcomeText(report.outcome()), ValueText(report.wanted()), ValueText(report.got()), reason};
}

}  // namespace

void PrintReport(const v1::RestoreReport& report, absl::string_view what, const Palette& palette, std::ostream& out) {
  out << Verdict(report.verdict(), palette) << ": " << what << '\n';
  if (report.rolled_back()) out << "Nothing was changed: what was written was put back.\n";
  for (const std::string& note : report.notes()) out << "note: " << note << '\n';
  for (const v1::VcpuRestoreReport& vcpu : report.vcpus()) {
    // Refusals first: they are what the user must mend.
    Table refused({"REGISTER", "OUTCOME", "WANTED", "GOT", "WHY"});
    Table others({"REGISTER", "OUTCOME", "WANTED", "GOT", "WHY"});
    int refused_count = 0;
    for (const v1::RegisterReport& entry : vcpu.registers()) {
      if (IsRefusal(entry.outcome())) ++refused_count;
      (IsRefusal(entry.outcome()) ? refused : others).AddRow(Row(entry));
    }
    out << absl::StreamFormat("vCPU %d: %d refused, %d written, %d unchanged\n", vcpu.vcpu_index(), refused_count,
                              vcpu.written_count(), vcpu.unchanged_count());
    refused.Print("  ", out);
    others.Print("  ", out);
  }
}

ExitStatus ExitStatusOf(const v1::RestoreReport& report) {
  // An unspecified or undetermined verdict is no acceptance.
  return report.verdict() == v1::ACCEPTED || report.verdict() == v1::ACCEPTED_WITH_CHANGES ? ExitStatus::kOk
                                                                                           : ExitStatus::kRefused;
}

}  // namespace armstate
