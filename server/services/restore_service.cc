#include "server/services/restore_service.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "google/protobuf/util/time_util.h"
#include "proto/advice_conversion.h"
#include "proto/resource_names.h"
#include "proto/secret_redaction.h"
#include "server/checkpoints/codec.h"
#include "server/restores/baseline_targets.h"
#include "server/restores/plan.h"
#include "server/restores/reported_restore.h"
#include "server/rpc/invalid_field.h"
#include "server/rpc/page_token.h"
#include "server/verdict/judgement.h"
#include "server/verdict/target_search.h"

namespace armstate {
namespace {

ToleranceUse UseOf(bool request_only) { return request_only ? ToleranceUse::kRequestOnly : ToleranceUse::kServerToo; }

// The page request of ValidateCheckpoint and PlanRestore. All pages must be of the same checkpoint and target.
template <typename Request>
VcpuPageRequest PageOf(const Request& request, const std::string& checkpoint, const v1::RestoreReport& report) {
  return {absl::StrCat(request.GetTypeName(), "/", checkpoint, "/", report.cpu_profile()), request.page_size(),
          request.page_token()};
}

}  // namespace

// Resolves and judges a request of ValidateCheckpoint or PlanRestore, which both have a checkpoint, a target and
// tolerances.
template <typename Request>
absl::StatusOr<RestoreServiceImpl::JudgedRequest> RestoreServiceImpl::Judge(const Request& request, v1::Restorer by,
                                                                            const StopCheck& stop) const {
  if (!v1::Restorer_IsValid(by)) return InvalidField("by", "is not a known restorer");
  absl::StatusOr<TolerancesByScheme> tolerances =
      tolerances_.With(request.tolerances(), UseOf(request.ignore_server_tolerances()));
  if (!tolerances.ok()) return tolerances.status();
  absl::StatusOr<VerdictInput> checkpoint = targets_.Load(request.checkpoint());
  if (!checkpoint.ok()) return checkpoint.status();
  absl::StatusOr<std::vector<ResolvedTarget>> targets = targets_.Resolve(request.target(), *checkpoint);
  if (!targets.ok()) return targets.status();
  absl::StatusOr<BestVerdict> best = JudgeBest(*checkpoint, *targets, *tolerances, advice_, by, stop);
  if (!best.ok()) return best.status();
  return JudgedRequest{*std::move(checkpoint), std::move((*targets)[best->target]), std::move(best->judgement),
                       std::move(best->core_kinds)};
}

v1::RestoreReport RestoreServiceImpl::JudgedRequest::Report() const {
  v1::RestoreReport report = VmVerdictToProto(checkpoint, target, judgement);
  for (const v1::CoreKindVerdict& kind : core_kinds) *report.add_core_kinds() = kind;
  return report;
}

template <typename Request>
void RestoreServiceImpl::AddAdvice(const Request& request, const JudgedRequest& judged,
                                   v1::RestoreReport& report) const {
  if (!request.page_token().empty()) return;
  for (const Advice& advice : advice_.For(judged.checkpoint, judged.target, judged.judgement)) {
    *report.add_advice() = AdviceToProto(advice, judged.target.scheme());
  }
}

absl::StatusOr<v1::ValidateCheckpointResponse> RestoreServiceImpl::Validate(
    const v1::ValidateCheckpointRequest& request, const StopCheck& stop) {
  const absl::StatusOr<JudgedRequest> verdict = Judge(request, request.by(), stop);
  if (!verdict.ok()) return verdict.status();
  v1::ValidateCheckpointResponse response;
  response.set_checkpoint(verdict->checkpoint.basic().name());
  v1::RestoreReport& report = *response.mutable_report();
  report = verdict->Report();
  AddAdvice(request, *verdict, report);
  const ReportedRegisters which = request.all_registers() ? ReportedRegisters::kAll : ReportedRegisters::kFindings;
  absl::StatusOr<std::string> next =
      AddVcpuPage(PageOf(request, response.checkpoint(), report), verdict->checkpoint.vcpu_count(), [&](int vcpu) {
        *report.add_vcpus() = VcpuVerdictToProto(verdict->checkpoint, verdict->target, verdict->judgement, vcpu, which);
        return report.vcpus().rbegin()->ByteSizeLong();
      });
  if (!next.ok()) return next.status();
  response.set_next_page_token(*std::move(next));
  if (absl::Status status = NoteOtherWay(request, report, stop); !status.ok()) return status;
  return response;
}

// If QEMU's load refuses the checkpoint, armstate may still be able to restore it.
absl::Status RestoreServiceImpl::NoteOtherWay(const v1::ValidateCheckpointRequest& request, v1::RestoreReport& report,
                                              const StopCheck& stop) const {
  if (report.by() != v1::RESTORER_QEMU || report.verdict() != v1::VERDICT_REFUSED) return absl::OkStatus();
  if (!request.page_token().empty()) return absl::OkStatus();  // the note is on the first page
  const absl::StatusOr<RestoreServiceImpl::JudgedRequest> other = Judge(request, v1::RESTORER_ARMSTATE, stop);
  if (!other.ok()) return other.status();
  if (other->judgement.verdict <= Verdict::kAcceptedWithChanges) {
    report.add_notes("armstate's own restore would be accepted: see `--by armstate`, then `armstate restore --into`");
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::PlanRestoreResponse> RestoreServiceImpl::Plan(const v1::PlanRestoreRequest& request,
                                                                 const StopCheck& stop) {
  const absl::StatusOr<JudgedRequest> verdict = Judge(request, v1::RESTORER_ARMSTATE, stop);
  if (!verdict.ok()) return verdict.status();
  v1::PlanRestoreResponse response;
  response.set_checkpoint(verdict->checkpoint.basic().name());
  AddRestorePhases(verdict->target.scheme(), response);
  v1::RestoreReport& report = *response.mutable_report();
  report = verdict->Report();
  AddAdvice(request, *verdict, report);
  absl::StatusOr<std::string> next =
      AddVcpuPage(PageOf(request, response.checkpoint(), report), verdict->checkpoint.vcpu_count(), [&](int vcpu) {
        *response.add_vcpus() = PlanVcpu(verdict->checkpoint, verdict->target, verdict->judgement, vcpu);
        *report.add_vcpus() = VcpuVerdictToProto(verdict->checkpoint, verdict->target, verdict->judgement, vcpu,
                                                 ReportedRegisters::kFindings);
        return response.vcpus().rbegin()->ByteSizeLong() + report.vcpus().rbegin()->ByteSizeLong();
      });
  if (!next.ok()) return next.status();
  response.set_next_page_token(*std::move(next));
  return response;
}

absl::StatusOr<v1::FindRestoreTargetsResponse> RestoreServiceImpl::FindTargets(
    const v1::FindRestoreTargetsRequest& request, const StopCheck& stop, const Access& access) {
  const absl::StatusOr<TolerancesByScheme> tolerances =
      tolerances_.With(request.tolerances(), UseOf(request.ignore_server_tolerances()));
  if (!tolerances.ok()) return tolerances.status();
  const absl::StatusOr<VerdictInput> checkpoint = targets_.Load(request.checkpoint());
  if (!checkpoint.ok()) return checkpoint.status();
  absl::StatusOr<std::vector<v1::RestoreTargetVerdict>> verdicts =
      JudgeHosts(*checkpoint, targets_.HostsWith(request.labels(), *checkpoint), *tolerances, advice_, stop);
  if (!verdicts.ok()) return verdicts.status();
  v1::FindRestoreTargetsResponse response;
  response.set_checkpoint(checkpoint->basic().name());
  for (v1::RestoreTargetVerdict& verdict : *verdicts) {
    const bool accepts =
        verdict.verdict() == v1::VERDICT_ACCEPTED || verdict.verdict() == v1::VERDICT_ACCEPTED_WITH_CHANGES;
    if (!access.May(v1::PERMISSION_READ, verdict.host())) continue;
    if (accepts || !request.accepting_only()) *response.add_targets() = std::move(verdict);
  }
  return response;
}

absl::StatusOr<v1::Restore> RestoreServiceImpl::Create(const v1::CreateRestoreRequest& request, const StopCheck& stop) {
  const v1::Restore& given = request.restore();
  if (!given.target().has_host() && !given.target().has_cpu_profile()) {
    return InvalidField("restore.target", "must be a host or a CPU profile");
  }
  if (absl::Status time = CheckTime(given.restore_time(), "restore.restore_time"); !time.ok()) return time;
  // As for ValidateCheckpoint, except for the fields that only its request has.
  v1::ValidateCheckpointRequest judged;
  judged.set_checkpoint(request.parent());
  *judged.mutable_target() = given.target();
  *judged.mutable_tolerances() = request.tolerances();
  const absl::StatusOr<JudgedRequest> verdict = Judge(judged, given.report().by(), stop);
  if (!verdict.ok()) return verdict.status();
  v1::Restore restore;
  *restore.mutable_target() = given.target();
  *restore.mutable_restore_time() = given.restore_time();
  *restore.mutable_create_time() = google::protobuf::util::TimeUtil::GetCurrentTime();
  *restore.mutable_report() = given.report();
  absl::Status status =
      CheckReport(verdict->checkpoint.vcpu_count(), verdict->target.scheme(), *restore.mutable_report());
  if (!status.ok()) return status;
  for (v1::PredictionDifference& difference :
       CompareWithPrediction(verdict->checkpoint, verdict->target, verdict->judgement, restore.report())) {
    *restore.add_differences() = std::move(difference);
  }
  RedactSecrets(restore);  // nobody needs them for the history
  status = CheckLimit("restore", static_cast<int64_t>(restore.ByteSizeLong()), kMaxReportBytes,
                      "bytes, with names and differences");
  if (!status.ok()) return status;
  const absl::StatusOr<CheckpointName> name = ParseCheckpointName(verdict->checkpoint.basic().name());
  if (!name.ok()) return name.status();
  return history_.Add(name->vm, *name->version, std::move(restore));
}

absl::StatusOr<v1::ListRestoresResponse> RestoreServiceImpl::List(const v1::ListRestoresRequest& request) {
  const absl::StatusOr<CheckpointName> name = targets_.FindCheckpoint(request.parent());
  if (!name.ok()) return name.status();
  const absl::StatusOr<int> page_size = PageSize(request.page_size());
  if (!page_size.ok()) return page_size.status();
  const std::string list = absl::StrCat(FormatCheckpointName(name->vm, name->version), "/restores");
  const absl::StatusOr<std::string> token = DecodePageToken(list, request.page_token());
  if (!token.ok()) return token.status();
  int64_t after = 0;
  if (!token->empty() && (!absl::SimpleAtoi(*token, &after) || after < 0)) return PageTokenInvalid();
  absl::StatusOr<RestorePage> page = history_.List(name->vm, *name->version, after, *page_size);
  if (!page.ok()) return page.status();
  v1::ListRestoresResponse response;
  for (v1::Restore& restore : page->restores) *response.add_restores() = std::move(restore);
  if (page->more) {
    const std::string& last = response.restores().rbegin()->name();
    response.set_next_page_token(EncodePageToken(list, last.substr(list.size() + 1)));
  }
  return response;
}

absl::StatusOr<v1::ComputeBaselineResponse> RestoreServiceImpl::Baseline(const v1::ComputeBaselineRequest& request,
                                                                         const StopCheck& stop) {
  const absl::StatusOr<BaselineTargets> targets = FindBaselineTargets(request, targets_.hosts(), targets_.profiles());
  if (!targets.ok()) return targets.status();
  const absl::StatusOr<TolerancesByScheme> tolerances = tolerances_.With({}, ToleranceUse::kServerToo);
  if (!tolerances.ok()) return tolerances.status();
  return ComputeBaselineOf(*targets, *tolerances->Between(IdScheme::kKvm, IdScheme::kKvm), stop);
}

}  // namespace armstate
