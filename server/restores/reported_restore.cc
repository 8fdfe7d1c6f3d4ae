#include "server/restores/reported_restore.h"

#include <map>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/catalog.h"
#include "core/error.h"
#include "proto/register_outcome_conversion.h"
#include "server/rpc/invalid_field.h"

namespace armstate {
namespace {

absl::Status CheckRegister(const std::string& field, IdScheme scheme, v1::RegisterReport& entry) {
  const absl::StatusOr<RegisterId> id = RegisterId::Create(entry.register_id());
  if (!id.ok()) return AnnotateField(id.status(), field);
  const auto invalid = [&](absl::string_view what) {
    return InvalidField(field, absl::StrCat("of register ", id->ToString(), " ", what),
                        {{"register_id", id->ToString()}});
  };
  if (!RegisterOutcomeFromProto(entry.outcome())) return invalid("has no outcome, or one without a name");
  if (!v1::Verdict_IsValid(entry.verdict())) return invalid("has a verdict without a name");
  for (const std::string* value : {&entry.wanted(), &entry.got()}) {
    if (!value->empty() && value->size() != id->width()) {
      return invalid(absl::StrCat("has a value of ", value->size(), " bytes instead of ", id->width()));
    }
  }
  for (const std::string* text :
       {&entry.reason(), &entry.put_back_error(), &entry.error(), &entry.tolerance(), &entry.advice()}) {
    if (text->size() > kMaxLineBytes) {
      return invalid(absl::StrCat("has text of ", text->size(), " bytes, more than ", kMaxLineBytes));
    }
  }
  entry.set_name(RegisterName(*id, scheme));
  entry.clear_fields();  // set by the server only
  return absl::OkStatus();
}

// The reported outcome of one register.
struct ReportedOutcome {
  RegisterOutcome outcome = RegisterOutcome::kWritten;
  std::string error;
  std::string got;
  // The restore followed a tolerance: a restore by plan skips the register.
  bool tolerated = false;
};

// A counter that has not moved yet counts as written.
RegisterOutcome Plain(RegisterOutcome outcome) {
  return outcome == RegisterOutcome::kUnchanged || outcome == RegisterOutcome::kMoving ? RegisterOutcome::kWritten
                                                                                       : outcome;
}

bool SameOutcome(const ReportedOutcome& predicted, const ReportedOutcome& actual) {
  if (Plain(predicted.outcome) != Plain(actual.outcome)) return false;
  if (!predicted.error.empty() && !actual.error.empty() && predicted.error != actual.error) return false;
  if (Plain(predicted.outcome) == RegisterOutcome::kWritten) return true;
  return predicted.got.empty() || actual.got.empty() || predicted.got == actual.got;
}

using OutcomesById = std::map<uint64_t, ReportedOutcome>;

OutcomesById PredictedOutcomes(const RestoreReport& report, const RegisterList& list, const CpuProfile& profile) {
  OutcomesById outcomes;
  for (size_t i = 0; i < list.size(); ++i) outcomes[list.id(i).raw()];
  for (const RegisterFinding& finding : report.findings) {
    const absl::optional<size_t> index = profile.layout()->Find(finding.id);
    const bool moving = index && profile.computed().is_moving(*index);
    outcomes[finding.id.raw()] = {finding.outcome, finding.error, moving ? "" : finding.got,
                                  !finding.tolerance.empty()};
  }
  return outcomes;
}

// Returns true where the restore did not try a register that the checkpoint has: because the plan says so (a tolerance,
// or a register of the VM that is written only once), or because the register was refused before.
bool WasLeftOut(const ReportedOutcome& predicted, const ReportedOutcome* actual) {
  if (actual == nullptr) return predicted.tolerated || predicted.outcome == RegisterOutcome::kNotInCheckpoint;
  return actual->outcome == RegisterOutcome::kNotTried || (actual->outcome == RegisterOutcome::kNotInCheckpoint &&
                                                           predicted.outcome != RegisterOutcome::kNotInCheckpoint);
}

v1::PredictionDifference Difference(int vcpu, uint64_t id, IdScheme scheme, const ReportedOutcome& predicted,
                                    const ReportedOutcome& actual) {
  v1::PredictionDifference difference;
  difference.set_vcpu_index(vcpu);
  difference.set_register_id(id);
  difference.set_name(RegisterName(*RegisterId::Create(id), scheme));
  difference.set_predicted(RegisterOutcomeToProto(predicted.outcome));
  difference.set_actual(RegisterOutcomeToProto(actual.outcome));
  difference.set_predicted_error(predicted.error);
  difference.set_actual_error(actual.error);
  difference.set_predicted_got(predicted.got);
  difference.set_actual_got(actual.got);
  return difference;
}

}  // namespace

absl::Status CheckReport(int vcpu_count, IdScheme scheme, v1::RestoreReport& report) {
  if (report.vcpus_size() != vcpu_count) {
    return InvalidField("restore.report.vcpus",
                        absl::StrCat("are ", report.vcpus_size(), ", but the checkpoint has ", vcpu_count, " vCPUs"));
  }
  report.clear_advice();  // set by the server only, as is the next
  report.clear_core_kinds();
  if (!v1::Verdict_IsValid(report.verdict())) return InvalidField("restore.report.verdict", "is not a known verdict");
  absl::Status status = CheckLimit("restore.report.notes", report.notes_size(), kMaxReportNotes);
  for (const std::string& note : report.notes()) {
    if (status.ok()) status = CheckText("restore.report.notes", note, kMaxLineBytes);
  }
  if (!status.ok()) return status;
  for (int i = 0; i < vcpu_count; ++i) {
    v1::VcpuRestoreReport& vcpu = *report.mutable_vcpus(i);
    const std::string field = absl::StrCat("restore.report.vcpus[", i, "]");
    if (vcpu.vcpu_index() != i) {
      return InvalidField(field + ".vcpu_index", absl::StrCat("is ", vcpu.vcpu_index(), ", not ", i));
    }
    status = CheckLimit(field + ".registers", vcpu.registers_size(), kMaxVcpuRegisters);
    if (!status.ok()) return status;
    std::set<uint64_t> seen;
    for (v1::RegisterReport& entry : *vcpu.mutable_registers()) {
      status = CheckRegister(field + ".registers", scheme, entry);
      if (!status.ok()) return status;
      if (seen.insert(entry.register_id()).second) continue;
      const std::string id = RegisterId::Create(entry.register_id())->ToString();
      return InvalidField(field + ".registers", absl::StrCat("have register ", id, " twice"), {{"register_id", id}});
    }
  }
  return absl::OkStatus();
}

std::vector<v1::PredictionDifference> CompareWithPrediction(const VerdictInput& checkpoint,
                                                            const ResolvedTarget& target, const VmVerdict& judgement,
                                                            const v1::RestoreReport& report) {
  std::vector<v1::PredictionDifference> differences;
  for (int i = 0; i < report.vcpus_size(); ++i) {
    const size_t vcpu = static_cast<size_t>(i);
    OutcomesById predicted =
        PredictedOutcomes(judgement.reports[vcpu], judgement.list(checkpoint, vcpu), *target.profile(vcpu));
    OutcomesById actual;
    for (const v1::RegisterReport& entry : report.vcpus(i).registers()) {
      actual[entry.register_id()] = {*RegisterOutcomeFromProto(entry.outcome()), entry.error(), entry.got()};
      // Neither the checkpoint nor the profile has the register: the target has one that its profile lacks.
      predicted.emplace(entry.register_id(), ReportedOutcome{RegisterOutcome::kUnknown});
    }
    for (const auto& [id, outcome] : predicted) {
      const auto found = actual.find(id);
      const ReportedOutcome* happened = found == actual.end() ? nullptr : &found->second;
      if (WasLeftOut(outcome, happened)) continue;
      const ReportedOutcome as_written;
      if (happened == nullptr) happened = &as_written;
      if (SameOutcome(outcome, *happened)) continue;
      if (differences.size() == static_cast<size_t>(kMaxReportDifferences)) return differences;
      differences.push_back(Difference(i, id, target.scheme(), outcome, *happened));
    }
  }
  return differences;
}

}  // namespace armstate
