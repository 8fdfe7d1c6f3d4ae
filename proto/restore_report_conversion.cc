#include "proto/restore_report_conversion.h"

#include <algorithm>
#include <string>

#include "core/changed_fields.h"
#include "proto/register_outcome_conversion.h"

namespace armstate {
namespace {

v1::RegisterReport FindingToProto(const RegisterFinding& finding, IdScheme scheme, bool put_back) {
  v1::RegisterReport message;
  message.set_register_id(finding.id.raw());
  message.set_name(RegisterName(finding.id, scheme));
  message.set_outcome(RegisterOutcomeToProto(finding.outcome));
  message.set_verdict(VerdictToProto(VerdictOf(finding)));
  message.set_wanted(finding.wanted);
  message.set_got(finding.got);
  message.set_reason(finding.reason);
  message.set_error(finding.error);
  message.set_tolerance(finding.tolerance);
  message.set_accept_as(finding.accept_as);
  message.set_advice(finding.advice);
  for (const ChangedField& changed : ChangedFields(finding, scheme)) {
    v1::FieldDifference* difference = message.add_fields();
    difference->set_field(changed.name);
    difference->set_wanted(changed.first);
    difference->set_got(changed.second);
    difference->set_wanted_meaning(std::string(changed.first_meaning));
    difference->set_got_meaning(std::string(changed.second_meaning));
    const absl::Span<const uint64_t> accepted = AcceptedValuesOf(finding, changed);
    difference->mutable_accepted()->Add(accepted.begin(), accepted.end());
  }
  message.set_put_back(put_back && ChangesTarget(finding.outcome) && finding.put_back_error.empty());
  message.set_put_back_error(finding.put_back_error);
  return message;
}

// A register of the target without a finding: it holds the checkpoint's value, or held it until it was put back.
v1::RegisterReport UneventfulToProto(const VcpuReportInput& vcpu, size_t index, IdScheme scheme, bool put_back) {
  const RegisterId id = vcpu.target.id(index);
  const RegisterOutcome outcome = vcpu.report.outcomes[index];
  v1::RegisterReport message;
  message.set_register_id(id.raw());
  message.set_name(RegisterName(id, scheme));
  message.set_outcome(RegisterOutcomeToProto(outcome));
  message.set_verdict(v1::VERDICT_ACCEPTED);
  if (const absl::optional<absl::string_view> value = vcpu.checkpoint.Find(id)) {
    message.set_wanted(std::string(*value));
    if (outcome != RegisterOutcome::kNotTried) message.set_got(std::string(*value));
  }
  message.set_put_back(put_back && ChangesTarget(outcome));
  return message;
}

}  // namespace

v1::Verdict VerdictToProto(Verdict verdict) {
  switch (verdict) {
    case Verdict::kAccepted:
      return v1::VERDICT_ACCEPTED;
    case Verdict::kAcceptedWithChanges:
      return v1::VERDICT_ACCEPTED_WITH_CHANGES;
    case Verdict::kUndetermined:
      return v1::VERDICT_UNDETERMINED;
    case Verdict::kRefused:
      return v1::VERDICT_REFUSED;
  }
  return v1::VERDICT_UNSPECIFIED;
}

v1::VcpuRestoreReport VcpuRestoreReportToProto(const VcpuReportInput& vcpu, IdScheme target_scheme,
                                               ReportedRegisters which) {
  const RestoreReport& report = vcpu.report;
  const bool put_back = TriedToPutBack(report);
  v1::VcpuRestoreReport message;
  message.set_vcpu_index(vcpu.vcpu_index);
  message.set_written_count(
      static_cast<int>(std::count(report.outcomes.begin(), report.outcomes.end(), RegisterOutcome::kWritten)));
  message.set_unchanged_count(
      static_cast<int>(std::count(report.outcomes.begin(), report.outcomes.end(), RegisterOutcome::kUnchanged)));
  // Findings and layout are both ascending by ID.
  auto finding = report.findings.begin();
  if (which == ReportedRegisters::kAll) {
    for (size_t index = 0; index < vcpu.target.size(); ++index) {
      for (; finding != report.findings.end() && finding->id < vcpu.target.id(index); ++finding) {
        *message.add_registers() = FindingToProto(*finding, target_scheme, put_back);
      }
      if (finding != report.findings.end() && finding->id == vcpu.target.id(index)) continue;
      *message.add_registers() = UneventfulToProto(vcpu, index, target_scheme, put_back);
    }
  }
  for (; finding != report.findings.end(); ++finding) {
    *message.add_registers() = FindingToProto(*finding, target_scheme, put_back);
  }
  return message;
}

v1::RestoreReport RestoreReportToProto(absl::Span<const VcpuReportInput> vcpus, IdScheme target_scheme,
                                       ReportedRegisters which) {
  v1::RestoreReport message;
  Verdict verdict = Verdict::kAccepted;
  bool rolled_back = !vcpus.empty();
  for (const VcpuReportInput& vcpu : vcpus) {
    verdict = std::max(verdict, vcpu.report.verdict);
    rolled_back = rolled_back && vcpu.report.rolled_back;
    *message.add_vcpus() = VcpuRestoreReportToProto(vcpu, target_scheme, which);
  }
  message.set_verdict(VerdictToProto(verdict));
  message.set_rolled_back(rolled_back);
  return message;
}

}  // namespace armstate
