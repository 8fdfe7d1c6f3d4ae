#include "server/judgement.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/qemu_load.h"
#include "server/stream_judgement.h"
#include "server/verdict_text.h"
#include "server/vm_restore.h"

namespace armstate {
namespace {

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

// QEMU is taken to be of the same release on both sides; one that is not known is taken for an earlier one, as most
// are.
QemuMerge MergeOf(const v1::Source& source) {
  int major = 0;
  const std::string& version = source.hypervisor_version();
  const bool known = source.hypervisor() == "QEMU" && absl::SimpleAtoi(version.substr(0, version.find('.')), &major);
  return known && major >= 11 ? QemuMerge::kFrom11 : QemuMerge::kBefore11;
}

Judgement JudgeQemu(const JudgedCheckpoint& checkpoint, const JudgedTarget& target) {
  const IdScheme to = target.scheme();
  const IdScheme from = checkpoint.SchemeBefore(to);
  Judgement judgement{v1::BY_QEMU, target.least_verdict(), {}, std::make_shared<const ToleranceSet>(from, to), {}};
  if (from != to)
    judgement.notes.push_back("taken under another accelerator than the target's: QEMU translates nothing");
  std::vector<const RegisterList*> lists;
  for (const VcpuState& vcpu : checkpoint.loaded.vcpus) lists.push_back(&vcpu.registers);
  std::vector<EngineVcpu> vcpus = target.MakeVcpus(checkpoint.vcpu_count());
  QemuLoad load = LoadAsQemu(lists, vcpus, MergeOf(checkpoint.basic().source()));
  judgement.reports = std::move(load.reports);
  for (std::string& note : load.notes) judgement.notes.push_back(std::move(note));
  for (const RestoreReport& report : judgement.reports) {
    judgement.verdict = std::max(judgement.verdict, report.verdict);
  }
  return judgement;
}

}  // namespace

absl::StatusOr<JudgedTolerances> JudgedTolerances::Create(absl::Span<const Tolerance> tolerances) {
  JudgedTolerances judged;
  for (const IdScheme source : {IdScheme::kKvm, IdScheme::kTcg}) {
    for (const IdScheme target : {IdScheme::kKvm, IdScheme::kTcg}) {
      absl::StatusOr<ToleranceSet> set = ToleranceSet::Create(tolerances, source, target);
      if (!set.ok()) return set.status();
      judged.sets_[{source, target}] = std::make_shared<const ToleranceSet>(*std::move(set));
    }
  }
  return judged;
}

Judgement Judge(const JudgedCheckpoint& checkpoint, const JudgedTarget& target, const JudgedTolerances& tolerances,
                v1::Restorer by) {
  if (by == v1::BY_QEMU) return JudgeQemu(checkpoint, target);
  const IdScheme to = target.scheme();
  const IdScheme from = checkpoint.SchemeBefore(to);
  Judgement judgement{v1::BY_ARMSTATE, target.least_verdict(), {}, tolerances.Between(from, to), {}};
  const size_t vcpu_count = checkpoint.loaded.vcpus.size();
  for (size_t i = 0; i < vcpu_count && from != to; ++i) {
    judgement.translations.push_back(
        TranslateList(checkpoint.loaded.vcpus[i].registers, from, to, *target.profile(i)->layout()));
  }
  std::vector<const RegisterList*> lists;
  for (size_t i = 0; i < vcpu_count; ++i) lists.push_back(&judgement.list(checkpoint, i));
  std::vector<EngineVcpu> vcpus = target.MakeVcpus(checkpoint.vcpu_count());
  judgement.reports = RestoreVm(lists, vcpus, OnRefusal::kKeepGoing).reports;
  for (size_t i = 0; i < vcpu_count; ++i) {
    RestoreReport& report = judgement.reports[i];
    if (!report.findings.empty()) {
      judgement.tolerances->Apply(*lists[i], target.profile(i)->reset(), vcpus[i].ShownValues(), report);
      if (to == IdScheme::kTcg && from == to) JudgeListLoad(*lists[i], *target.profile(i), report);
    }
    if (to == IdScheme::kTcg && from == to) {
      const VcpuState& vcpu = checkpoint.loaded.vcpus[i];
      judgement.verdict = std::max(judgement.verdict, JudgeStream(vcpu, target, report, judgement.notes));
    }
    judgement.verdict = std::max(judgement.verdict, report.verdict);
  }
  return judgement;
}

std::pair<size_t, Judgement> JudgeBest(const JudgedCheckpoint& checkpoint, absl::Span<const JudgedTarget> targets,
                                       const JudgedTolerances& tolerances, v1::Restorer by) {
  std::pair<size_t, Judgement> best(0, Judge(checkpoint, targets[0], tolerances, by));
  for (size_t i = 1; i < targets.size(); ++i) {
    Judgement judgement = Judge(checkpoint, targets[i], tolerances, by);
    if (IsBetter(judgement, best.second)) best = {i, std::move(judgement)};
  }
  return best;
}

bool IsBetter(const Judgement& a, const Judgement& b) {
  if (a.verdict != b.verdict) return a.verdict < b.verdict;
  const FindingCounts of_a = CountFindings(a), of_b = CountFindings(b);
  return std::make_pair(of_a.refused, of_a.changed) < std::make_pair(of_b.refused, of_b.changed);
}

bool RefusesRestore(const Judgement& judgement, const RegisterFinding& finding) {
  if (!finding.tolerance.empty()) return false;
  return Refuses(finding.outcome) || (IsAcross(judgement) && finding.outcome == RegisterOutcome::kNotInCheckpoint);
}

FindingCounts CountFindings(const Judgement& judgement) {
  FindingCounts counts;
  for (const RestoreReport& report : judgement.reports) {
    for (const RegisterFinding& finding : report.findings) {
      if (RefusesRestore(judgement, finding)) {
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
  message.set_by(judgement.by);
  for (int i = 0; i < vcpu_count; ++i) {
    ExplainVcpu(checkpoint.basic().source(), target, {i, vcpu_count}, *message.mutable_vcpus(i));
    for (v1::RegisterReport& finding : *message.mutable_vcpus(i)->mutable_registers()) {
      const absl::string_view reason = judgement.tolerances->ReasonOf(finding.tolerance());
      if (judgement.by == v1::BY_ARMSTATE && !reason.empty()) finding.set_reason(std::string(reason));
    }
  }
  *message.mutable_missing_vcpu_features() = {target.missing_features.begin(), target.missing_features.end()};
  for (const std::string& note : target.unknown) message.add_notes(note);
  for (const std::string& note : target.notes) message.add_notes(note);
  for (const std::string& note : judgement.notes) message.add_notes(note);
  if (IsAcross(judgement)) message.add_notes(TranslationNote(judgement, target.scheme()));
  for (const std::string& note : NotesFor(checkpoint.basic(), *target.about)) message.add_notes(note);
  return message;
}

}  // namespace armstate
