#include "server/judgement.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/verdict_text.h"
#include "server/vm_restore.h"

namespace armstate {
namespace {

// Between accelerators also what only the target has refuses, unless a rule covers it (core/tolerance_set.h).
bool IsRefusal(const RegisterFinding& finding, bool across) {
  if (!finding.tolerance.empty()) return false;
  return Refuses(finding.outcome) || (across && finding.outcome == RegisterOutcome::kNotInCheckpoint);
}

bool IsAcross(const Judgement& judgement) { return !judgement.translations.empty(); }

// "CNTV_CVAL_EL0 as TIMER_CVAL": how vCPU 0's registers change their IDs.
std::string TranslationNote(const Judgement& judgement, IdScheme target) {
  const IdScheme source = target == IdScheme::kKvm ? IdScheme::kTcg : IdScheme::kKvm;
  std::vector<std::string> names;
  for (const TranslatedRegister& r : judgement.translations[0].translated) {
    if (r.from) names.push_back(absl::StrCat(RegisterName(*r.from, source), " as ", RegisterName(r.to, target)));
  }
  return absl::StrCat("taken under another accelerator than the target's: ", names.size(),
                      " registers of each vCPU are restored under other IDs", names.empty() ? "" : ": ",
                      absl::StrJoin(names, ", "));
}

v1::Verdict VerdictToProto(Verdict verdict) {
  switch (verdict) {
    case Verdict::kAccepted:
      return v1::ACCEPTED;
    case Verdict::kAcceptedWithChanges:
      return v1::ACCEPTED_WITH_CHANGES;
    case Verdict::kUndetermined:
      return v1::UNDETERMINED;
    case Verdict::kRefused:
      return v1::REFUSED;
  }
  return v1::VERDICT_UNSPECIFIED;
}

}  // namespace

absl::StatusOr<JudgedTolerances> JudgedTolerances::Create(std::vector<Tolerance> tolerances) {
  if (absl::Status status = CheckTolerances(tolerances); !status.ok()) return status;
  return JudgedTolerances(std::move(tolerances));
}

const ToleranceSet& JudgedTolerances::Between(IdScheme source, IdScheme target) {
  const auto found = sets_.find({source, target});
  if (found != sets_.end()) return found->second;
  // Create has checked them for all pairs.
  return sets_.emplace(std::make_pair(source, target), *ToleranceSet::Create(tolerances_, source, target))
      .first->second;
}

Judgement Judge(const JudgedCheckpoint& checkpoint, const JudgedTarget& target, JudgedTolerances& tolerances) {
  const IdScheme to = target.scheme();
  const IdScheme from = checkpoint.SchemeBefore(to);
  Judgement judgement{target.least_verdict(), {}, {}};
  const size_t vcpu_count = checkpoint.loaded.vcpus.size();
  for (size_t i = 0; i < vcpu_count && from != to; ++i) {
    judgement.translations.push_back(
        TranslateList(checkpoint.loaded.vcpus[i].registers, from, to, *target.profile(i)->layout()));
  }
  std::vector<const RegisterList*> lists;
  for (size_t i = 0; i < vcpu_count; ++i) lists.push_back(&judgement.list(checkpoint, i));
  std::vector<EngineVcpu> vcpus = target.MakeVcpus(checkpoint.vcpu_count());
  judgement.reports = RestoreVm(lists, vcpus, OnRefusal::kKeepGoing).reports;
  const ToleranceSet& rules = tolerances.Between(from, to);
  for (size_t i = 0; i < vcpu_count; ++i) {
    RestoreReport& report = judgement.reports[i];
    if (!report.findings.empty()) rules.Apply(*lists[i], *vcpus[i].layout(), vcpus[i].ShownValues(), report);
    judgement.verdict = std::max(judgement.verdict, report.verdict);
  }
  return judgement;
}

std::pair<size_t, Judgement> JudgeBest(const JudgedCheckpoint& checkpoint, absl::Span<const JudgedTarget> targets,
                                       JudgedTolerances& tolerances) {
  std::pair<size_t, Judgement> best(0, Judge(checkpoint, targets[0], tolerances));
  for (size_t i = 1; i < targets.size(); ++i) {
    Judgement judgement = Judge(checkpoint, targets[i], tolerances);
    if (IsBetter(judgement, best.second)) best = {i, std::move(judgement)};
  }
  return best;
}

bool IsBetter(const Judgement& a, const Judgement& b) {
  if (a.verdict != b.verdict) return a.verdict < b.verdict;
  const FindingCounts of_a = CountFindings(a), of_b = CountFindings(b);
  return std::make_pair(of_a.refused, of_a.changed) < std::make_pair(of_b.refused, of_b.changed);
}

FindingCounts CountFindings(const Judgement& judgement) {
  FindingCounts counts;
  for (const RestoreReport& report : judgement.reports) {
    for (const RegisterFinding& finding : report.findings) {
      if (IsRefusal(finding, IsAcross(judgement))) {
        ++counts.refused;
      } else if (finding.outcome != RegisterOutcome::kMoving) {
        ++counts.changed;
      }
    }
  }
  return counts;
}

v1::RestoreReport JudgementToProto(const JudgedCheckpoint& checkpoint, const JudgedTarget& target,
                                   const Judgement& judgement, ReportedRegisters which) {
  const int vcpu_count = checkpoint.vcpu_count();
  std::vector<VcpuRestore> vcpus;
  for (int i = 0; i < vcpu_count; ++i) {
    vcpus.push_back({checkpoint.loaded.vcpus[i].vcpu_index, judgement.list(checkpoint, i), *target.profile(i)->layout(),
                     judgement.reports[i]});
  }
  v1::RestoreReport message = RestoreReportToProto(vcpus, target.scheme(), which);
  message.set_verdict(VerdictToProto(judgement.verdict));
  message.set_cpu_profile(target.about->name());
  for (int i = 0; i < vcpu_count; ++i) {
    ExplainVcpu(checkpoint.basic().source(), target, {i, vcpu_count}, *message.mutable_vcpus(i));
  }
  *message.mutable_missing_vcpu_features() = {target.missing_features.begin(), target.missing_features.end()};
  for (const std::string& note : target.unknown) message.add_notes(note);
  for (const std::string& note : target.notes) message.add_notes(note);
  if (IsAcross(judgement)) message.add_notes(TranslationNote(judgement, target.scheme()));
  for (const std::string& note : NotesFor(checkpoint.basic(), *target.about)) message.add_notes(note);
  return message;
}

}  // namespace armstate
