#include "client/cli/output/report_text.h"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "client/cli/output/table.h"
#include "client/cli/output/text.h"
#include "core/catalog.h"
#include "core/conversion.h"
#include "core/cpu_list.h"
#include "core/number_ranges.h"
#include "core/register_list.h"
#include "proto/enum_name.h"

namespace armstate {
namespace {

bool IsRefusal(const v1::RegisterReport& finding) { return finding.verdict() == v1::VERDICT_REFUSED; }

// The findings that keep the restore from being accepted.
bool IsObstacle(const v1::RegisterReport& finding) {
  return IsRefusal(finding) || finding.verdict() == v1::VERDICT_UNDETERMINED;
}

std::string VerdictText(v1::Verdict verdict, const Palette& palette) {
  switch (verdict) {
    case v1::VERDICT_ACCEPTED:
      return palette.Good("ACCEPTED");
    case v1::VERDICT_ACCEPTED_WITH_CHANGES:
      return palette.Warning("ACCEPTED WITH CHANGES");
    case v1::VERDICT_UNDETERMINED:
      return palette.Warning("UNDETERMINED");
    default:
      return palette.Bad("REFUSED");
  }
}

// "WRITE_REFUSED" -> "write refused".
std::string OutcomeText(v1::RegisterOutcome outcome) {
  return absl::StrReplaceAll(absl::AsciiStrToLower(EnumName(outcome)), {{"_", " "}});
}

std::string ValueText(const v1::RegisterReport& finding, const std::string& value) {
  if (finding.is_redacted()) return std::string(kRedacted);
  return value.empty() ? "-" : FormatValue(value);
}

std::string WithMeaning(uint64_t value, const std::string& meaning) {
  return meaning.empty() ? absl::StrCat(value) : absl::StrCat(value, " (", meaning, ")");
}

absl::Span<const uint64_t> Accepted(const v1::FieldDifference& field) {
  return absl::MakeConstSpan(field.accepted().data(), static_cast<size_t>(field.accepted_size()));
}

bool IsInTheWay(const v1::FieldDifference& field) {
  return !field.accepted().empty() &&
         !std::binary_search(field.accepted().begin(), field.accepted().end(), field.wanted());
}

// "EL1: wanted 2 (AArch64 and AArch32), target has 1 (AArch64), accepts 0 or 1".
std::string FieldText(const v1::FieldDifference& field) {
  std::string text = absl::StrCat(field.field(), ": wanted ", WithMeaning(field.wanted(), field.wanted_meaning()),
                                  ", target has ", WithMeaning(field.got(), field.got_meaning()));
  if (field.accepted_size() == 1) absl::StrAppend(&text, ", accepts only ", field.accepted(0));
  if (field.accepted_size() > 1) absl::StrAppend(&text, ", accepts ", NumberRanges(Accepted(field)));
  return text;
}

// The vCPUs on which a finding has the values of `finding`.
struct SameValues {
  const v1::RegisterReport* finding;
  std::vector<uint64_t> vcpus;
};

// A finding that several vCPUs have: the same but for the values of an obstacle without fields, such as a counter.
struct SharedFinding {
  const v1::RegisterReport* finding;
  std::vector<uint64_t> vcpus;
  // At least one; more than one of such an obstacle only.
  std::vector<SameValues> values;
  // The number of other registers that this one represents.
  int more = 0;
};

// Merges findings, in the order in which they first occur.
std::vector<SharedFinding> ShareFindings(const v1::RestoreReport& report) {
  std::vector<SharedFinding> shared;
  std::map<std::string, size_t> known;
  std::map<std::string, std::pair<size_t, size_t>> known_values;
  for (const v1::VcpuRestoreReport& vcpu : report.vcpus()) {
    for (const v1::RegisterReport& finding : vcpu.registers()) {
      v1::RegisterReport kind = finding;
      if (IsObstacle(finding) && finding.fields().empty()) {
        kind.clear_wanted();
        kind.clear_got();
      }
      const auto [entry, is_new] = known.try_emplace(kind.SerializeAsString(), shared.size());
      if (is_new) shared.push_back({&finding, {}, {}, 0});
      SharedFinding& one = shared[entry->second];
      const auto vcpu_index = static_cast<uint64_t>(vcpu.vcpu_index());
      one.vcpus.push_back(vcpu_index);
      const auto [at, is_new_value] =
          known_values.try_emplace(finding.SerializeAsString(), std::make_pair(entry->second, one.values.size()));
      if (is_new_value) one.values.push_back({&finding, {}});
      one.values[at->second.second].vcpus.push_back(vcpu_index);
    }
  }
  return shared;
}

// True for findings of a conversion, which adds or drops dozens of registers harmlessly.
bool IsOfConversion(const v1::RegisterReport& finding) {
  return finding.tolerance() == kKeptAtReset || finding.tolerance() == kHeldNothing;
}

// True for findings that are printed as one line per kind. A summary folds all but what QEMU changes and tells nobody.
bool IsFolded(const v1::RegisterReport& finding, ReportDetail detail) {
  return IsOfConversion(finding) ||
         (detail == ReportDetail::kSummary && !absl::StartsWith(finding.tolerance(), "qemu-"));
}

bool IsSameKind(const v1::RegisterReport& a, const v1::RegisterReport& b) {
  return a.tolerance() == b.tolerance() &&
         (IsOfConversion(a) || (a.outcome() == b.outcome() && a.reason() == b.reason()));
}

// Returns the findings, but of folded ones only the first of each kind, with the number of other registers and, in a
// summary, the vCPUs of all of them.
std::vector<SharedFinding> FoldFindings(const std::vector<SharedFinding>& shared, ReportDetail detail) {
  std::vector<SharedFinding> folded;
  std::vector<std::set<std::string>> names;  // of each of `folded`
  for (const SharedFinding& finding : shared) {
    const auto same = std::find_if(folded.begin(), folded.end(), [&](const SharedFinding& other) {
      return IsFolded(*finding.finding, detail) && IsSameKind(*finding.finding, *other.finding) &&
             (detail == ReportDetail::kSummary || finding.vcpus == other.vcpus);
    });
    if (same == folded.end()) {
      folded.push_back(finding);
      names.push_back({finding.finding->name()});
      continue;
    }
    std::set<std::string>& of_kind = names[static_cast<size_t>(same - folded.begin())];
    of_kind.insert(finding.finding->name());
    same->more = static_cast<int>(of_kind.size()) - 1;
    std::set<uint64_t> vcpus(same->vcpus.begin(), same->vcpus.end());
    vcpus.insert(finding.vcpus.begin(), finding.vcpus.end());
    same->vcpus.assign(vcpus.begin(), vcpus.end());
  }
  return folded;
}

std::string NameOf(const SharedFinding& shared) {
  return shared.more == 0 ? shared.finding->name()
                          : absl::StrCat(shared.finding->name(), " and ", shared.more, " more");
}

std::string VcpusText(absl::Span<const uint64_t> vcpus) {
  return absl::StrCat(vcpus.size() == 1 ? "vCPU " : "vCPUs ", NumberRanges(vcpus, "and"));
}

// "wanted 0x0000000000000001, target has 0x0000000000000000".
std::string ValuesText(const v1::RegisterReport& finding) {
  return absl::StrCat("wanted ", ValueText(finding, finding.wanted()),
                      finding.got().empty() ? "" : absl::StrCat(", target has ", ValueText(finding, finding.got())));
}

// Explains an obstacle in a few lines. A summary has two of the values that it has on different vCPUs.
void PrintObstacle(const SharedFinding& shared, ReportDetail detail, std::ostream& out) {
  constexpr size_t kShownValues = 2;
  const v1::RegisterReport& finding = *shared.finding;
  const auto print = [&out](absl::string_view indent, std::string line) {
    out << indent << Printable(std::move(line)) << '\n';
  };
  print("  ", absl::StrCat(finding.name(), ": ", OutcomeText(finding.outcome()),
                           finding.error().empty() ? "" : absl::StrCat(" with ", finding.error()), ", ",
                           VcpusText(shared.vcpus)));
  size_t shown = shared.values.size();
  if (detail == ReportDetail::kSummary) shown = std::min(shown, kShownValues);
  for (size_t i = 0; i < shown; ++i) {
    const SameValues& same = shared.values[i];
    print("    ", absl::StrCat(ValuesText(*same.finding), shared.values.size() == 1 ? "" : ", ",
                               shared.values.size() == 1 ? "" : VcpusText(same.vcpus)));
  }
  if (shown < shared.values.size()) print("    ", "other values on other vCPUs: --details shows them");
  // The reason of a conversion names the relevant fields.
  const bool is_conversion = !finding.accept_as().empty();
  const bool known = !is_conversion && std::any_of(finding.fields().begin(), finding.fields().end(), IsInTheWay);
  for (const v1::FieldDifference& field : finding.fields()) {
    if (is_conversion) break;
    // If the report says which fields are refused, the others do not matter.
    if (!known || field.accepted().empty() || IsInTheWay(field)) print("    ", FieldText(field));
  }
  if (!known && !finding.reason().empty()) print("    ", finding.reason());
  if (!finding.put_back_error().empty()) print("    ", absl::StrCat("not put back: ", finding.put_back_error()));
  if (!finding.advice().empty()) print("    -> ", finding.advice());
}

// The same in one line, for one of many.
std::string BriefObstacle(const SharedFinding& shared) {
  const v1::RegisterReport& finding = *shared.finding;
  std::string text = absl::StrCat(finding.name(), ": ", OutcomeText(finding.outcome()), ", ", VcpusText(shared.vcpus));
  bool known = false;
  for (const v1::FieldDifference& field : finding.fields()) {
    if (!IsInTheWay(field)) continue;
    absl::StrAppend(&text, "; ", field.field(), " ", WithMeaning(field.wanted(), field.wanted_meaning()),
                    ", the target accepts ", NumberRanges(Accepted(field)));
    known = true;
  }
  if (!known && !finding.reason().empty()) absl::StrAppend(&text, "; ", finding.reason());
  return text;
}

size_t LinesIn(const std::string& text) { return static_cast<size_t>(std::count(text.begin(), text.end(), '\n')); }

// Prints those that stand alone. A summary of many has one line for each of the first, and what all of them advise.
// `room`: the lines that it may have, which is what matters only if `detail` is kSummary.
void PrintObstacles(const std::vector<SharedFinding>& obstacles, ReportDetail detail, size_t room, std::ostream& out) {
  constexpr size_t kExplained = 3, kBrief = 6, kOtherLines = 2;
  std::ostringstream explained;
  for (const SharedFinding& obstacle : obstacles) PrintObstacle(obstacle, detail, explained);
  if (detail == ReportDetail::kEveryRegister || (obstacles.size() <= kExplained && LinesIn(explained.str()) <= room)) {
    out << explained.str();
    return;
  }
  size_t shown = std::min(obstacles.size(), kBrief);
  if (shown + kOtherLines > room) shown = std::min(shown, std::max(room, kOtherLines + 1) - kOtherLines);
  for (size_t i = 0; i < shown; ++i) out << "  " << Printable(BriefObstacle(obstacles[i])) << '\n';
  if (obstacles.size() > shown) {
    out << "  and " << obstacles.size() - shown << " more registers that are in the way: --details shows them\n";
  }
  const std::string& advice = obstacles[0].finding->advice();
  const bool is_shared = std::all_of(obstacles.begin(), obstacles.end(),
                                     [&](const SharedFinding& o) { return o.finding->advice() == advice; });
  if (is_shared && !advice.empty()) out << "    -> " << Printable(advice) << '\n';
}

std::string ChangeReason(const v1::RegisterReport& finding) {
  std::string reason = finding.reason();
  if (!finding.tolerance().empty()) absl::StrAppend(&reason, " [", finding.tolerance(), "]");
  if (!finding.put_back_error().empty()) absl::StrAppend(&reason, "; not put back: ", finding.put_back_error());
  return reason;
}

// "10 registers of vCPUs 0 and 1".
std::string CoverageText(const v1::Advice& advice) {
  const std::vector<uint64_t> indexes(advice.vcpu_indexes().begin(), advice.vcpu_indexes().end());
  const std::string vcpus = VcpusText(indexes);
  if (advice.register_ids().empty()) return vcpus;
  return absl::StrCat(
      advice.register_ids_size() == 1 ? advice.registers(0) : absl::StrCat(advice.register_ids_size(), " registers"),
      " of ", vcpus);
}

// True if a cause explains the finding on all its vCPUs.
bool HasCause(const v1::RestoreReport& report, const SharedFinding& shared) {
  return std::any_of(report.advice().begin(), report.advice().end(), [&](const v1::Advice& advice) {
    const auto& ids = advice.register_ids();
    const auto& vcpus = advice.vcpu_indexes();
    return advice.kind() == v1::ADVICE_KIND_CAUSE &&
           std::find(ids.begin(), ids.end(), shared.finding->register_id()) != ids.end() &&
           std::all_of(shared.vcpus.begin(), shared.vcpus.end(), [&](uint64_t vcpu) {
             return std::find(vcpus.begin(), vcpus.end(), static_cast<int>(vcpu)) != vcpus.end();
           });
  });
}

// Prints the counts of each vCPU; vCPUs with equal counts share a line. A summary has four lines at most.
void PrintCounts(const v1::RestoreReport& report, ReportDetail detail, std::ostream& out) {
  constexpr size_t kShown = 4;
  std::vector<std::pair<std::string, std::vector<uint64_t>>> lines;
  for (const v1::VcpuRestoreReport& vcpu : report.vcpus()) {
    const auto refused = std::count_if(vcpu.registers().begin(), vcpu.registers().end(), IsRefusal);
    std::string line =
        absl::StrFormat("%d refused, %d written, %d unchanged", refused, vcpu.written_count(), vcpu.unchanged_count());
    if (detail == ReportDetail::kSummary && lines.size() == kShown && lines.back().first != line) {
      lines.back().first = line = "see --details";
    }
    if (lines.empty() || lines.back().first != line) lines.push_back({std::move(line), {}});
    lines.back().second.push_back(static_cast<uint64_t>(vcpu.vcpu_index()));
  }
  for (const auto& [line, vcpus] : lines) out << VcpusText(vcpus) << ": " << line << '\n';
}

// Prints a table. Changes matter less where the restore is refused, and a summary has only the first of them, in `room`
// lines.
void PrintOthers(const v1::RestoreReport& report, const std::vector<SharedFinding>& others, ReportDetail detail,
                 size_t room, std::ostream& out) {
  constexpr size_t kShownIfRefused = 4, kShown = 12, kOtherLines = 2;
  size_t shown = others.size();
  if (detail == ReportDetail::kSummary) {
    shown = std::min(shown, report.verdict() == v1::VERDICT_REFUSED ? kShownIfRefused : kShown);
    shown = std::min(shown, std::max(room, kOtherLines + 1) - kOtherLines);
  }
  const bool one_vcpu = report.vcpus_size() <= 1;
  Table table(one_vcpu ? std::vector<std::string>{"REGISTER", "OUTCOME", "WANTED", "GOT", "WHY"}
                       : std::vector<std::string>{"REGISTER", "VCPUS", "OUTCOME", "WANTED", "GOT", "WHY"});
  for (size_t i = 0; i < shown; ++i) {
    const SharedFinding& finding = others[i];
    std::vector<std::string> row = {NameOf(finding), OutcomeText(finding.finding->outcome()),
                                    finding.more == 0 ? ValueText(*finding.finding, finding.finding->wanted()) : "",
                                    finding.more == 0 ? ValueText(*finding.finding, finding.finding->got()) : "",
                                    ChangeReason(*finding.finding)};
    if (!one_vcpu) row.insert(row.begin() + 1, NumberRanges(finding.vcpus, "and"));
    table.AddRow(std::move(row));
  }
  table.Print("  ", out);
  if (shown < others.size()) {
    const size_t rest = others.size() - shown;
    out << "  and " << rest << (rest == 1 ? " more kind" : " more kinds")
        << " of changes that refuse nothing: --details shows " << (rest == 1 ? "it" : "them") << "\n";
  }
}

// Prints what is about the restore as a whole.
void PrintHead(const v1::RestoreReport& report, absl::string_view what, ReportDetail detail, const Palette& palette,
               std::ostream& out) {
  out << VerdictText(report.verdict(), palette) << ": " << what;
  if (!report.cpu_profile().empty() && !absl::StrContains(what, report.cpu_profile())) {
    out << " (" << report.cpu_profile() << ")";
  }
  out << '\n';
  for (const v1::CoreKindVerdict& kind : report.core_kinds()) {
    out << "  on " << Printable(CoresText(kind.cpus(), kind.cpu_model())) << ": "
        << VerdictText(kind.verdict(), palette)
        << Printable(kind.reason().empty() ? "" : absl::StrCat(": ", kind.reason())) << '\n';
  }
  if (report.by() == v1::RESTORER_ARMSTATE)
    out << "judged as armstate's own restore, which reads every register back\n";
  if (report.by() == v1::RESTORER_QEMU) out << "judged as QEMU's own load of the stream, as it is\n";
  if (report.rolled_back()) out << "Nothing was changed: what was written was put back.\n";
  for (const v1::MissingVcpuFeature& feature : report.missing_vcpu_features()) {
    out << "the target has no vCPU feature " << feature.feature();
    if (!feature.error().empty()) out << ": " << feature.call() << " answers " << feature.error();
    // A guest that was started in AArch32 is one of its own.
    out << (feature.feature() == "el1_32bit" ? "; a 32-bit guest needs a host whose CPU has AArch32 at EL1\n"
                                             : "; start the VM without it\n");
  }
  for (const std::string& note : report.notes()) out << "note: " << Printable(note) << '\n';
  PrintCounts(report, detail, out);
}

void PrintOneAdvice(const v1::Advice& advice, const Palette& palette, std::ostream& out) {
  std::string kind = "note: ";
  if (advice.severity() == v1::ADVICE_SEVERITY_WARNING) kind = palette.Warning("warning: ");
  if (advice.kind() == v1::ADVICE_KIND_CAUSE) kind = palette.Bad("cause: ");
  out << kind << Printable(absl::StrCat(advice.sentence(), " (", CoverageText(advice), ")")) << '\n';
  if (!advice.action().empty()) out << "  -> " << Printable(advice.action()) << '\n';
}

}  // namespace

void PrintReport(const v1::RestoreReport& report, absl::string_view what, const Palette& palette, std::ostream& out,
                 ReportDetail detail) {
  // A summary fits on a terminal: causes, which stand first, matter most. What follows them has the rest of the lines.
  constexpr size_t kSummaryLines = 25, kAdviceEnds = 17, kTableLines = 3;
  const bool is_summary = detail == ReportDetail::kSummary;
  std::ostringstream text;
  const auto room = [&] { return kSummaryLines - std::min(LinesIn(text.str()), kSummaryLines); };
  PrintHead(report, what, detail, palette, text);
  for (int i = 0; i < report.advice_size(); ++i) {
    if (is_summary && LinesIn(text.str()) >= kAdviceEnds) {
      const int rest = report.advice_size() - i;
      text << "and " << rest << (rest == 1 ? " more remark: --details shows it" : " more remarks: --details shows them")
           << "\n";
      break;
    }
    PrintOneAdvice(report.advice(i), palette, text);
  }
  // Obstacles first: the user has to act on them.
  std::vector<SharedFinding> obstacles, others;
  for (SharedFinding& finding : ShareFindings(report)) {
    if (detail == ReportDetail::kSummary && HasCause(report, finding)) continue;
    (IsObstacle(*finding.finding) ? obstacles : others).push_back(std::move(finding));
  }
  PrintObstacles(obstacles, detail, room() - std::min(room(), others.empty() ? 0 : kTableLines), text);
  PrintOthers(report, FoldFindings(others, detail), detail, room(), text);
  out << text.str();
}

void PrintAdvice(const google::protobuf::RepeatedPtrField<v1::Advice>& all, const Palette& palette, std::ostream& out) {
  for (const v1::Advice& advice : all) PrintOneAdvice(advice, palette, out);
}

ExitStatus ExitStatusOf(const v1::RestoreReport& report) {
  // An unspecified or undetermined verdict does not count as accepted.
  return report.verdict() == v1::VERDICT_ACCEPTED || report.verdict() == v1::VERDICT_ACCEPTED_WITH_CHANGES
             ? ExitStatus::kOk
             : ExitStatus::kRefused;
}

}  // namespace armstate
