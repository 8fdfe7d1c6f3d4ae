#include "core/restore.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/merge.h"
#include "core/port_errors.h"

namespace armstate {
namespace {

// Two values of one register. Most have 8 or 4 bytes: a call of memcmp takes longer than to compare those.
// A counter was not set anew if it is not further than this from where it was to go on: 17 s at 1 GHz. It may also be
// behind: a VM has one counter, and its vCPUs are captured one after the other.
bool GoesOn(absl::string_view wanted, absl::string_view got) {
  constexpr uint64_t kMost = uint64_t{1} << 34;
  return LowWord(got) - LowWord(wanted) + kMost < 2 * kMost;
}

bool SameValue(absl::string_view a, absl::string_view b) {
  const size_t width = a.size();
  if (width == 8) return std::memcmp(a.data(), b.data(), 8) == 0;
  if (width == 4) return std::memcmp(a.data(), b.data(), 4) == 0;
  return std::memcmp(a.data(), b.data(), width) == 0;
}

void SortFindings(RestoreReport& report) {
  std::sort(report.findings.begin(), report.findings.end(),
            [](const RegisterFinding& a, const RegisterFinding& b) { return a.id < b.id; });
}

}  // namespace

bool Refuses(RegisterOutcome outcome) {
  switch (outcome) {
    case RegisterOutcome::kIgnored:
    case RegisterOutcome::kWriteRefused:
    case RegisterOutcome::kDiffers:
    case RegisterOutcome::kUnknown:
    case RegisterOutcome::kRequired:
      return true;
    default:
      return false;
  }
}

bool ChangesTarget(RegisterOutcome outcome) {
  return outcome == RegisterOutcome::kWritten || outcome == RegisterOutcome::kDiffers ||
         outcome == RegisterOutcome::kOverwritten || outcome == RegisterOutcome::kMoving;
}

Verdict VerdictOf(const RegisterFinding& finding) {
  if (!finding.tolerance.empty()) return Verdict::kAcceptedWithChanges;
  if (Refuses(finding.outcome) || finding.needs_tolerance) return Verdict::kRefused;
  switch (finding.outcome) {
    case RegisterOutcome::kWriteUndetermined:
      return Verdict::kUndetermined;
    case RegisterOutcome::kNotTried:
    case RegisterOutcome::kMoving:
      return Verdict::kAccepted;
    default:
      return Verdict::kAcceptedWithChanges;
  }
}

void RecomputeVerdict(RestoreReport& report) {
  report.verdict = Verdict::kAccepted;
  for (const RegisterFinding& finding : report.findings) {
    report.verdict = std::max(report.verdict, VerdictOf(finding));
  }
}

bool TriedToPutBack(const RestoreReport& report) {
  return report.rolled_back ||
         std::any_of(report.findings.begin(), report.findings.end(),
                     [](const RegisterFinding& finding) { return !finding.put_back_error.empty(); });
}

RestoreReport RestoreRegisters(const RegisterList& list, VcpuRegisterPort& port, OnRefusal on_refusal,
                               ListScope scope) {
  RegisterRestore restore(list, port, scope);
  if (!restore.lists_match() && on_refusal == OnRefusal::kPutBack) return restore.JudgeLists();
  // A client that writes some registers means exactly these writes.
  restore.Write(port.restore_order(),
                scope == ListScope::kWholeVcpu ? CounterPairWrites::kClearFirst : CounterPairWrites::kAsListed);
  RestoreReport report = restore.Judge();
  if (report.verdict == Verdict::kRefused && on_refusal == OnRefusal::kPutBack) restore.PutBack(report);
  return report;
}

RegisterRestore::RegisterRestore(const RegisterList& list, VcpuRegisterPort& port, ListScope scope)
    : scope_(scope),
      list_(list),
      port_(port),
      layout_(*port.layout()),
      same_layout_(list.shared_layout() == port.layout() || list.layout() == layout_) {
  if (!same_layout_) CompareLists();
}

absl::string_view RegisterRestore::ValueAt(absl::string_view area, size_t index) const {
  return absl::string_view(area.data() + layout_.offset(index), layout_.width(index));
}

void RegisterRestore::Add(RestoreReport& report, RegisterFinding finding) const {
  report.verdict = std::max(report.verdict, VerdictOf(finding));
  report.findings.push_back(std::move(finding));
}

// Lays the incoming values out as the target's.
void RegisterRestore::CompareLists() {
  LayoutMerge merge = MergeLayouts(layout_, list_.layout());
  wanted_.assign(layout_.values_size(), '\0');
  incoming_.assign(layout_.size(), false);
  for (size_t k = 0; k < merge.common_own.size(); ++k) {
    const absl::string_view value = list_.value(merge.common_incoming[k]);
    std::memcpy(wanted_.data() + layout_.offset(merge.common_own[k]), value.data(), value.size());
    incoming_[merge.common_own[k]] = true;
  }
  unknown_ = std::move(merge.only_incoming);
  lists_match_ = unknown_.empty();
  if (scope_ == ListScope::kSomeRegisters) return;
  missing_ = std::move(merge.only_own);
  for (const uint32_t index : missing_) lists_match_ = lists_match_ && !port_.is_required(index);
}

// The usual restore: the list is of the port's own kind, and nothing stands against it.
bool RegisterRestore::WriteInBulk(absl::Span<const uint32_t> order) {
  const absl::Span<const uint32_t> own = port_.restore_order();  // names every register
  if (!same_layout_ || order.data() != own.data() || order.size() != own.size()) return false;
  return port_.TryBulkWrite(list_.values(), outcomes_);
}

// Writes `values` in write_order_.
void RegisterRestore::WriteInOrder(std::string values, absl::Span<char> read_back, std::vector<RegisterError>& errors) {
  for (const uint32_t index : cleared_) std::memset(&values[layout_.offset(index)], 0xff, layout_.width(index));
  port_.WriteInOrder(write_order_, values, read_back, errors);
}

void RegisterRestore::UndoComplement(const CounterPair& pair) {
  const size_t width = layout_.width(pair.set);
  const char* const set = &wanted_[layout_.offset(pair.set)];
  char* const clear = &wanted_[layout_.offset(pair.clear)];
  const bool is_complement = incoming_[pair.clear] && std::equal(set, set + width, clear, [](char a, char b) {
                               return b == static_cast<char>(~a);
                             });
  if (is_complement) std::copy(set, set + width, clear);
}

void RegisterRestore::Write(absl::Span<const uint32_t> order, CounterPairWrites pairs) {
  if (WriteInBulk(order)) return;
  if (same_layout_) {
    wanted_ = std::string(list_.values());
    incoming_.assign(layout_.size(), true);
  }
  if (pairs == CounterPairWrites::kClearFirst) {
    for (const CounterPair& pair : port_.counter_pairs()) {
      if (!incoming_[pair.set]) continue;
      cleared_.push_back(pair.clear);
      UndoComplement(pair);
    }
  }
  for (const uint32_t index : order) {
    if (incoming_[index] || std::count(cleared_.begin(), cleared_.end(), index) > 0) write_order_.push_back(index);
  }
  std::vector<RegisterError> errors;
  port_.ReadAll(before_, errors);  // what cannot be read before is found again by the read-back
  read_back_ = before_;
  WriteInOrder(wanted_, absl::MakeSpan(read_back_), write_errors_);
}

// Reports registers that only one list has. `after`: the values that the target keeps, or nothing if it was not read.
RestoreReport RegisterRestore::StartReport(absl::string_view after) const {
  RestoreReport report;
  report.outcomes.assign(layout_.size(), RegisterOutcome::kNotTried);
  for (const uint32_t index : unknown_) {
    Add(report, {list_.id(index), RegisterOutcome::kUnknown, std::string(list_.value(index)), "",
                 "the target has no such register", "", std::string(port_.unknown_register_error())});
  }
  for (const uint32_t index : missing_) {
    RegisterOutcome outcome = RegisterOutcome::kNotInCheckpoint;
    absl::string_view reason = "not in the checkpoint: the target keeps its own value";
    if (port_.is_required(index)) {
      outcome = RegisterOutcome::kRequired;
      reason = "not in the checkpoint, but it is a constant of the target that a restore must confirm";
    } else if (port_.may_be_required(index)) {
      outcome = RegisterOutcome::kWriteUndetermined;
      reason = "not in the checkpoint: it is not known whether this target refuses without it";
    }
    report.outcomes[index] = outcome;
    Add(report, {layout_.id(index), outcome, "", after.empty() ? "" : std::string(ValueAt(after, index)),
                 std::string(reason), ""});
  }
  return report;
}

RestoreReport RegisterRestore::JudgeLists() {
  RestoreReport report = StartReport("");
  report.rolled_back = true;  // nothing was written
  SortFindings(report);
  return report;
}

RestoreReport RegisterRestore::Judge() {
  if (!outcomes_.empty()) {
    RestoreReport report;
    report.outcomes = std::move(outcomes_);
    return report;
  }
  std::string after;
  std::vector<RegisterError> errors;
  port_.ReadAll(after, errors);
  // A register that cannot be read back is shown with its old value.
  for (const RegisterError& error : errors) {
    std::memcpy(&after[layout_.offset(error.index)], ValueAt(before_, error.index).data(), layout_.width(error.index));
  }
  if (port_.read_back() == VcpuRegisterPort::ReadBack::kWhenAllAreWritten) read_back_ = after;
  RestoreReport report = StartReport(after);
  for (const RegisterError& error : write_errors_) JudgeError(report, error, after);
  // A register that cannot be read back is not known to be restored.
  for (const RegisterError& error : errors) {
    if (incoming_[error.index] && report.outcomes[error.index] == RegisterOutcome::kNotTried) {
      JudgeError(report, error, after);
    }
  }
  for (const uint32_t index : write_order_) {
    if (report.outcomes[index] == RegisterOutcome::kNotTried) JudgeValue(report, index, after);
  }
  SortFindings(report);
  return report;
}

// The register holds the wanted value.
RegisterOutcome RegisterRestore::Kept(size_t index) const {
  const bool same = SameValue(ValueAt(before_, index), ValueAt(wanted_, index));
  return same ? RegisterOutcome::kUnchanged : RegisterOutcome::kWritten;
}

void RegisterRestore::JudgeError(RestoreReport& report, const RegisterError& error, absl::string_view after) const {
  const bool undetermined = IsUndetermined(error.status);
  report.outcomes[error.index] = undetermined ? RegisterOutcome::kWriteUndetermined : RegisterOutcome::kWriteRefused;
  std::string error_name = RefusedErrorName(error.status);
  std::string reason = error_name.empty() ? std::string(error.status.message())
                                          : absl::StrCat("the target refuses the value with ", error_name);
  Add(report,
      {layout_.id(error.index), report.outcomes[error.index], std::string(ValueAt(wanted_, error.index)),
       undetermined ? "" : std::string(ValueAt(after, error.index)), std::move(reason), "", std::move(error_name)});
}

void RegisterRestore::JudgeValue(RestoreReport& report, size_t index, absl::string_view after) const {
  const absl::string_view wanted = ValueAt(wanted_, index);
  const absl::string_view got = ValueAt(read_back_, index);
  const absl::string_view old = ValueAt(before_, index);
  const absl::string_view last = ValueAt(after, index);
  const bool moving = port_.is_moving(index);
  if (!moving && SameValue(got, wanted) && SameValue(last, wanted)) {
    report.outcomes[index] = Kept(index);
    return;
  }
  RegisterFinding finding{
      layout_.id(index), RegisterOutcome::kOverwritten, std::string(wanted), std::string(last), "", ""};
  if (moving && GoesOn(wanted, last)) {
    finding.outcome = RegisterOutcome::kMoving;
    finding.reason = "a counter: it goes on counting from there";
  } else if (moving) {
    finding.outcome = RegisterOutcome::kDiffers;
    finding.got = std::string(last);
    finding.reason = "the VM has one counter, to which another vCPU of the checkpoint gives another value";
  } else if (got == wanted) {
    finding.reason = "overwritten by a later register of the checkpoint that shares its storage and has another value";
  } else {
    finding.outcome = got == old ? RegisterOutcome::kIgnored : RegisterOutcome::kDiffers;
    finding.got = std::string(got);
    finding.reason = got == old ? "the target keeps its own value: it cannot be changed there"
                                : "the target keeps only some of the bits";
  }
  report.outcomes[index] = finding.outcome;
  Add(report, std::move(finding));
}

// In the same order as before, so that shared storage ends up as it was.
void RegisterRestore::PutBack(RestoreReport& report) {
  std::string read_back = before_;
  std::vector<RegisterError> errors;
  WriteInOrder(before_, absl::MakeSpan(read_back), errors);
  std::vector<RegisterError> read_errors;
  std::string after;
  port_.ReadAll(after, read_errors);
  report.rolled_back = true;
  for (const uint32_t index : write_order_) {
    if (ValueAt(after, index) == ValueAt(before_, index) || port_.is_moving(index)) continue;
    report.rolled_back = false;
    std::string why = absl::StrCat("holds ", FormatValue(ValueAt(after, index)), " instead of ",
                                   FormatValue(ValueAt(before_, index)));
    for (const RegisterError& error : errors) {
      if (error.index == index) absl::StrAppend(&why, ": ", error.status.message());
    }
    FindingOf(report, index).put_back_error = std::move(why);
  }
  SortFindings(report);
}

RegisterFinding& RegisterRestore::FindingOf(RestoreReport& report, size_t index) const {
  const RegisterId id = layout_.id(index);
  for (RegisterFinding& finding : report.findings) {
    if (finding.id == id) return finding;
  }
  report.findings.push_back({id, report.outcomes[index], std::string(ValueAt(wanted_, index)), "", "", ""});
  return report.findings.back();
}

}  // namespace armstate
