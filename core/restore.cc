#include "core/restore.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/merge.h"

namespace armstate {
namespace {

// Two values of one register. Most have 8 or 4 bytes: a call of memcmp takes longer than to compare those.
bool SameValue(absl::string_view a, absl::string_view b) {
  const size_t width = a.size();
  if (width == 8) return std::memcmp(a.data(), b.data(), 8) == 0;
  if (width == 4) return std::memcmp(a.data(), b.data(), 4) == 0;
  return std::memcmp(a.data(), b.data(), width) == 0;
}

// One restore: the port, and value areas of its layout.
class Restore {
 public:
  Restore(const RegisterList& list, VcpuRegisterPort& port, ListScope scope)
      : scope_(scope), list_(list), port_(port), layout_(*port.layout()), wanted_(layout_.values_size(), '\0') {}

  RestoreReport Run(OnRefusal on_refusal) {
    report_.outcomes.assign(layout_.size(), RegisterOutcome::kNotTried);
    const bool complete = TakeInValues();
    if (!complete && on_refusal == OnRefusal::kPutBack) {
      report_.rolled_back = true;  // nothing was written
    } else {
      WriteAndJudge();
      if (report_.verdict == Verdict::kRefused && on_refusal == OnRefusal::kPutBack) PutBack();
    }
    std::sort(report_.findings.begin(), report_.findings.end(),
              [](const RegisterFinding& a, const RegisterFinding& b) { return a.id < b.id; });
    return std::move(report_);
  }

 private:
  absl::string_view ValueAt(absl::string_view area, size_t index) const {
    return absl::string_view(area.data() + layout_.offset(index), layout_.width(index));
  }

  void Add(RegisterFinding finding) {
    const Verdict verdict = Refuses(finding.outcome)                        ? Verdict::kRefused
                            : finding.outcome == RegisterOutcome::kNotTried ? Verdict::kAccepted
                                                                            : Verdict::kAcceptedWithChanges;
    report_.verdict = std::max(report_.verdict, verdict);
    report_.findings.push_back(std::move(finding));
  }

  // Lays the incoming values out as the target's. False if the lists alone refuse the restore.
  bool TakeInValues() {
    if (list_.shared_layout() == port_.layout() || list_.layout() == layout_) {
      std::memcpy(wanted_.data(), list_.values().data(), wanted_.size());
      write_order_.assign(port_.restore_order().begin(), port_.restore_order().end());
      return true;
    }
    const LayoutMerge merge = MergeLayouts(layout_, list_.layout());
    for (size_t k = 0; k < merge.common_own.size(); ++k) {
      const absl::string_view value = list_.value(merge.common_incoming[k]);
      std::memcpy(wanted_.data() + layout_.offset(merge.common_own[k]), value.data(), value.size());
    }
    std::vector<bool> incoming(layout_.size());
    for (const uint32_t index : merge.common_own) incoming[index] = true;
    for (const uint32_t index : port_.restore_order()) {
      if (incoming[index]) write_order_.push_back(index);
    }
    for (const uint32_t index : merge.only_incoming) {
      Add({list_.id(index), RegisterOutcome::kUnknown, std::string(list_.value(index)), "",
           "the target has no such register", ""});
    }
    bool complete = merge.only_incoming.empty();
    if (scope_ == ListScope::kSomeRegisters) return complete;
    for (const uint32_t index : merge.only_own) {
      const bool required = port_.is_required(index);
      report_.outcomes[index] = required ? RegisterOutcome::kRequired : RegisterOutcome::kNotInCheckpoint;
      if (required) complete = false;
    }
    missing_ = merge.only_own;
    if (!complete) ReportMissing("");
    return complete;
  }

  // `area`: the values that the target keeps, or nothing if it was not read.
  void ReportMissing(absl::string_view area) {
    for (const uint32_t index : missing_) {
      const bool required = report_.outcomes[index] == RegisterOutcome::kRequired;
      Add({layout_.id(index), report_.outcomes[index], "", area.empty() ? "" : std::string(ValueAt(area, index)),
           required ? "not in the checkpoint, but it is a constant of the target that a restore must confirm"
                    : "not in the checkpoint: the target keeps its own value",
           ""});
    }
    missing_.clear();
  }

  void WriteAndJudge() {
    before_.resize(wanted_.size());
    std::vector<RegisterError> errors;
    port_.ReadAll(absl::MakeSpan(before_), errors);
    errors.clear();  // what cannot be read before is found again by the read-back

    std::string read_back = before_;
    port_.WriteAll(write_order_, wanted_, absl::MakeSpan(read_back), errors);
    for (const RegisterError& error : errors) {
      report_.outcomes[error.index] = RegisterOutcome::kWriteRefused;
      Add({layout_.id(error.index), RegisterOutcome::kWriteRefused, std::string(ValueAt(wanted_, error.index)),
           std::string(ValueAt(before_, error.index)), std::string(error.status.message()), ""});
    }
    std::string after(wanted_.size(), '\0');
    errors.clear();
    port_.ReadAll(absl::MakeSpan(after), errors);
    // The usual case first: whole areas are compared much faster than their registers one by one.
    if (write_order_.size() == layout_.size() && report_.findings.empty() && errors.empty() && read_back == wanted_ &&
        after == wanted_) {
      for (const uint32_t index : write_order_) Kept(index);
      return;
    }
    for (const uint32_t index : write_order_) {
      if (report_.outcomes[index] == RegisterOutcome::kNotTried) Judge(index, read_back, after);
    }
    ReportMissing(after);
  }

  // The register holds the wanted value.
  void Kept(size_t index) {
    const bool same = SameValue(ValueAt(before_, index), ValueAt(wanted_, index));
    report_.outcomes[index] = same ? RegisterOutcome::kUnchanged : RegisterOutcome::kWritten;
  }

  void Judge(size_t index, absl::string_view read_back, absl::string_view after) {
    const absl::string_view wanted = ValueAt(wanted_, index);
    const absl::string_view got = ValueAt(read_back, index);
    const absl::string_view old = ValueAt(before_, index);
    const absl::string_view last = ValueAt(after, index);
    if (SameValue(got, wanted) && SameValue(last, wanted)) {
      Kept(index);
      return;
    }
    RegisterFinding finding{
        layout_.id(index), RegisterOutcome::kOverwritten, std::string(wanted), std::string(last), "", ""};
    if (got == wanted) {
      finding.reason =
          "overwritten by a later register of the checkpoint that shares its storage and has another value";
    } else {
      finding.outcome = got == old ? RegisterOutcome::kIgnored : RegisterOutcome::kDiffers;
      finding.got = std::string(got);
      finding.reason = got == old ? "the target keeps its own value: it cannot be changed there"
                                  : "the target keeps only some of the bits";
    }
    report_.outcomes[index] = finding.outcome;
    Add(std::move(finding));
  }

  // Writes the old values in the same order, so that shared storage ends up as it was.
  void PutBack() {
    std::string read_back = before_;
    std::vector<RegisterError> errors;
    port_.WriteAll(write_order_, before_, absl::MakeSpan(read_back), errors);
    std::vector<RegisterError> read_errors;
    std::string after(before_.size(), '\0');
    port_.ReadAll(absl::MakeSpan(after), read_errors);
    report_.rolled_back = true;
    for (const uint32_t index : write_order_) {
      if (ValueAt(after, index) == ValueAt(before_, index)) continue;
      report_.rolled_back = false;
      std::string why = absl::StrCat("holds ", FormatValue(ValueAt(after, index)), " instead of ",
                                     FormatValue(ValueAt(before_, index)));
      for (const RegisterError& error : errors) {
        if (error.index == index) absl::StrAppend(&why, ": ", error.status.message());
      }
      FindingOf(index).put_back_error = std::move(why);
    }
  }

  RegisterFinding& FindingOf(size_t index) {
    const RegisterId id = layout_.id(index);
    for (RegisterFinding& finding : report_.findings) {
      if (finding.id == id) return finding;
    }
    report_.findings.push_back({id, report_.outcomes[index], std::string(ValueAt(wanted_, index)), "", "", ""});
    return report_.findings.back();
  }

  const ListScope scope_;
  const RegisterList& list_;
  VcpuRegisterPort& port_;
  const RegisterLayout& layout_;
  std::string wanted_;
  std::string before_;
  std::vector<uint32_t> write_order_;
  std::vector<uint32_t> missing_;
  RestoreReport report_;
};

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

RestoreReport RestoreRegisters(const RegisterList& list, VcpuRegisterPort& port, OnRefusal on_refusal,
                               ListScope scope) {
  return Restore(list, port, scope).Run(on_refusal);
}

}  // namespace armstate
