#include "server/verdict/judgement.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/conversion.h"
#include "core/qemu_load.h"
#include "server/verdict/machine_type.h"
#include "server/verdict/stream_judgement.h"
#include "server/verdict/text.h"
#include "server/verdict/vm_restore.h"

namespace armstate {
namespace {

// Describes how the registers of vCPU 0 change their IDs: "CNTV_CVAL_EL0 as TIMER_CVAL" between accelerators; within
// one accelerator, one line for each reason.
std::vector<std::string> TranslationNotes(const VmVerdict& judgement, IdScheme source, IdScheme target) {
  if (judgement.translations.empty()) return {};
  std::vector<std::string> names;
  std::map<absl::string_view, std::vector<std::string>> by_reason;
  for (const TranslatedRegister& r : judgement.translations[0].translated) {
    if (!r.from) continue;
    names.push_back(absl::StrCat(RegisterName(*r.from, source), " as ", RegisterName(r.to, target)));
    by_reason[r.reason].push_back(names.back());
  }
  if (source != target) {
    return {absl::StrCat("captured under an accelerator other than the target's: ", names.size(),
                         " registers of each vCPU are restored under other IDs", names.empty() ? "" : ": ",
                         absl::StrJoin(names, ", "))};
  }
  std::vector<std::string> notes;
  for (const auto& [reason, renamed] : by_reason) {
    notes.push_back(
        absl::StrCat(renamed.front(), renamed.size() == 1 ? "" : absl::StrCat(" to ", renamed.back()), ": ", reason));
  }
  return notes;
}

// QEMU is assumed to be of the same release on both sides. An unknown release is assumed to be an earlier one, as most
// are.
QemuMerge MergeOf(const v1::Source& source) {
  int major = 0;
  const std::string& version = source.hypervisor_version();
  const bool known = source.hypervisor() == "QEMU" && absl::SimpleAtoi(version.substr(0, version.find('.')), &major);
  return known && major >= 11 ? QemuMerge::kFrom11 : QemuMerge::kBefore11;
}

absl::StatusOr<VmVerdict> JudgeQemu(const VerdictInput& checkpoint, const ResolvedTarget& target,
                                    const StopCheck& stop) {
  const IdScheme to = target.scheme();
  const IdScheme from = checkpoint.SchemeBefore(to);
  VmVerdict judgement{v1::RESTORER_QEMU, target.least_verdict(), {}, {}};
  if (from != to)
    judgement.notes.push_back(
        "captured under an accelerator other than the target's: QEMU does not translate registers");
  std::vector<const RegisterList*> lists;
  for (const VcpuState& vcpu : checkpoint.loaded.vcpus) lists.push_back(&vcpu.registers);
  std::vector<EngineVcpu> vcpus = target.MakeVcpus(checkpoint.vcpu_count());
  absl::StatusOr<QemuLoad> load = LoadAsQemu(lists, vcpus, MergeOf(checkpoint.basic().source()), stop);
  if (!load.ok()) return load.status();
  judgement.reports = std::move(load->reports);
  for (std::string& note : load->notes) judgement.notes.push_back(std::move(note));
  for (const RestoreReport& report : judgement.reports) {
    judgement.verdict = std::max(judgement.verdict, report.verdict);
  }
  // The verdict's notes say so (NotesFor).
  if (IsOtherBoard(checkpoint.basic().source().machine_type(), *target.profile_header)) {
    judgement.verdict = Verdict::kRefused;
  }
  return judgement;
}

// `conversion` is null for a restore that is not a conversion.
absl::StatusOr<VmVerdict> JudgeArmstate(const VerdictInput& checkpoint, const ResolvedTarget& target,
                                        const TolerancesByScheme& tolerances, const ConversionUse* conversion,
                                        const StopCheck& stop) {
  const IdScheme to = target.scheme();
  const IdScheme from = checkpoint.SchemeBefore(to);
  const ToleranceSet& rules = *tolerances.Between(from, to);
  VmVerdict judgement{v1::RESTORER_ARMSTATE, target.least_verdict(), {}, {}};
  const int vcpu_count = checkpoint.vcpu_count();
  for (int i = 0; i < vcpu_count; ++i) {
    if (absl::Status status = stop(); !status.ok()) return status;
    const RegisterList& list = checkpoint.loaded.vcpus[i].registers;
    const RegisterLayout& layout = *target.profile(i)->layout();
    if (from != to) judgement.translations.push_back(TranslateList(list, from, to, layout));
    if (conversion != nullptr && to == IdScheme::kTcg) judgement.translations.push_back(RenameRegisters(list, layout));
  }
  std::vector<const RegisterList*> lists;
  for (int i = 0; i < vcpu_count; ++i) lists.push_back(&judgement.list(checkpoint, i));
  std::vector<EngineVcpu> vcpus = target.MakeVcpus(vcpu_count);
  absl::StatusOr<EngineRestoreResult> restore = RestoreEngineVm(lists, vcpus, OnRefusal::kKeepGoing, stop);
  if (!restore.ok()) return restore.status();
  judgement.reports = std::move(restore->reports);
  for (int i = 0; i < vcpu_count; ++i) {
    if (absl::Status status = stop(); !status.ok()) return status;
    RestoreReport& report = judgement.reports[i];
    const CpuProfile& profile = *target.profile(i);
    if (!report.findings.empty() || conversion != nullptr) {
      std::string values = vcpus[i].ShownValues();
      if (conversion == nullptr || !conversion->has_rules) {
        rules.Apply(*lists[i], profile.reset(), values, report);
      } else {
        RestoreReport lost = OnlyLostFeatures(report, to);
        rules.Apply(*lists[i], profile.reset(), values, lost);
        for (size_t k = 0; k < report.findings.size(); ++k) {
          report.findings[k].tolerance = lost.findings[k].tolerance;
          report.findings[k].reason = lost.findings[k].reason;
        }
        ApplyConversion(*lists[i], {conversion->source.get(), {i, vcpu_count}}, profile, values, conversion->accepted,
                        report);
      }
      if (conversion != nullptr) judgement.target_values.push_back(std::move(values));
    }
    // A conversion rewrites the list and everything else that QEMU checks.
    if (conversion != nullptr) {
      judgement.verdict = std::max(judgement.verdict, JudgeMpu(checkpoint.loaded.vcpus[i], target, judgement.notes));
    } else if (to == IdScheme::kTcg && from == to) {
      if (!report.findings.empty()) JudgeListLoad(*lists[i], profile, report);
      judgement.verdict =
          std::max(judgement.verdict, JudgeStream(checkpoint.loaded.vcpus[i], target, report, judgement.notes));
    }
    judgement.verdict = std::max(judgement.verdict, report.verdict);
  }
  return judgement;
}

}  // namespace

absl::StatusOr<TolerancesByScheme> TolerancesByScheme::Create(absl::Span<const Tolerance> tolerances) {
  TolerancesByScheme judged;
  for (const IdScheme source : {IdScheme::kKvm, IdScheme::kTcg}) {
    for (const IdScheme target : {IdScheme::kKvm, IdScheme::kTcg}) {
      absl::StatusOr<ToleranceSet> set = ToleranceSet::Create(tolerances, source, target);
      if (!set.ok()) return set.status();
      judged.sets_[{source, target}] = std::make_shared<const ToleranceSet>(*std::move(set));
    }
  }
  return judged;
}

absl::StatusOr<VmVerdict> Judge(const VerdictInput& checkpoint, const ResolvedTarget& target,
                                const TolerancesByScheme& tolerances, v1::Restorer by, const StopCheck& stop) {
  if (by == v1::RESTORER_QEMU) return JudgeQemu(checkpoint, target, stop);
  return JudgeArmstate(checkpoint, target, tolerances, nullptr, stop);
}

absl::StatusOr<VmVerdict> JudgeConversion(const VerdictInput& checkpoint, const ResolvedTarget& target,
                                          const TolerancesByScheme& tolerances, const ConversionUse& conversion,
                                          const StopCheck& stop) {
  return JudgeArmstate(checkpoint, target, tolerances, &conversion, stop);
}

bool IsBetter(const VmVerdict& a, const VmVerdict& b) {
  if (a.verdict != b.verdict) return a.verdict < b.verdict;
  const FindingCounts of_a = CountFindings(a), of_b = CountFindings(b);
  return std::make_pair(of_a.refused, of_a.changed) < std::make_pair(of_b.refused, of_b.changed);
}

FindingCounts CountFindings(const VmVerdict& judgement) {
  FindingCounts counts;
  for (const RestoreReport& report : judgement.reports) {
    for (const RegisterFinding& finding : report.findings) {
      if (VerdictOf(finding) == Verdict::kRefused) {
        ++counts.refused;
      } else if (finding.outcome != RegisterOutcome::kMoving) {
        ++counts.changed;
      }
    }
  }
  return counts;
}

v1::VcpuRestoreReport VcpuVerdictToProto(const VerdictInput& checkpoint, const ResolvedTarget& target,
                                         const VmVerdict& judgement, int vcpu, ReportedRegisters which) {
  const auto i = static_cast<size_t>(vcpu);
  RestoreReport report = judgement.reports[i];
  ExplainVcpu(checkpoint.basic().source(), target, {vcpu, checkpoint.vcpu_count()},
              judgement.target_values.empty() ? AdvisedUse::kRestore : AdvisedUse::kConversion, report);
  return VcpuRestoreReportToProto(
      {checkpoint.loaded.vcpus[i].vcpu_index, judgement.list(checkpoint, i), *target.profile(i)->layout(), report},
      target.scheme(), which);
}

v1::RestoreReport VmVerdictToProto(const VerdictInput& checkpoint, const ResolvedTarget& target,
                                   const VmVerdict& judgement) {
  v1::RestoreReport message;
  message.set_verdict(VerdictToProto(judgement.verdict));
  message.set_cpu_profile(target.profile_header->name());
  message.set_by(judgement.by);
  *message.mutable_missing_vcpu_features() = {target.missing_features.begin(), target.missing_features.end()};
  for (const std::string& note : target.unknown) message.add_notes(note);
  for (const std::string& note : target.notes) message.add_notes(note);
  for (const std::string& note : judgement.notes) message.add_notes(note);
  const IdScheme to = target.scheme();
  for (const std::string& note : TranslationNotes(judgement, checkpoint.SchemeBefore(to), to)) message.add_notes(note);
  for (const std::string& note : NotesFor(checkpoint.basic(), *target.profile_header)) message.add_notes(note);
  return message;
}

}  // namespace armstate
