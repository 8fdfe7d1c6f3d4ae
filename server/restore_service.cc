#include "server/restore_service.h"

#include <utility>
#include <vector>

#include "server/handler.h"
#include "server/judgement.h"
#include "server/restore_plan.h"

namespace armstate {
namespace {

ToleranceUse UseOf(bool strict) { return strict ? ToleranceUse::kRequestOnly : ToleranceUse::kServerToo; }

}  // namespace

grpc::ServerUnaryReactor* RestoreServiceImpl::ValidateCheckpoint(grpc::CallbackServerContext* context,
                                                                 const v1::ValidateCheckpointRequest* request,
                                                                 v1::ValidateCheckpointResponse* response) {
  return Answer(context, Validate(*request), response);
}

grpc::ServerUnaryReactor* RestoreServiceImpl::PlanRestore(grpc::CallbackServerContext* context,
                                                          const v1::PlanRestoreRequest* request,
                                                          v1::PlanRestoreResponse* response) {
  return Answer(context, Plan(*request), response);
}

// Of ValidateCheckpoint and PlanRestore, which name checkpoint, target and tolerances alike.
template <typename Request>
absl::StatusOr<RestoreServiceImpl::Verdict> RestoreServiceImpl::Judge(const Request& request) const {
  absl::StatusOr<JudgedTolerances> tolerances = tolerances_.With(request.tolerances(), UseOf(request.strict()));
  if (!tolerances.ok()) return tolerances.status();
  absl::StatusOr<JudgedCheckpoint> checkpoint = targets_.Load(request.checkpoint());
  if (!checkpoint.ok()) return checkpoint.status();
  absl::StatusOr<std::vector<JudgedTarget>> targets =
      targets_.Resolve(request.cpu_profile(), request.target(), *checkpoint);
  if (!targets.ok()) return targets.status();
  auto [best, judgement] = JudgeBest(*checkpoint, *targets, *tolerances);
  return Verdict{*std::move(checkpoint), std::move((*targets)[best]), std::move(judgement)};
}

absl::StatusOr<v1::ValidateCheckpointResponse> RestoreServiceImpl::Validate(
    const v1::ValidateCheckpointRequest& request) const {
  const absl::StatusOr<Verdict> verdict = Judge(request);
  if (!verdict.ok()) return verdict.status();
  v1::ValidateCheckpointResponse response;
  response.set_checkpoint(verdict->checkpoint.basic().name());
  *response.mutable_report() =
      JudgementToProto(verdict->checkpoint, verdict->target, verdict->judgement,
                       request.all_registers() ? ReportedRegisters::kAll : ReportedRegisters::kFindings);
  return response;
}

absl::StatusOr<v1::PlanRestoreResponse> RestoreServiceImpl::Plan(const v1::PlanRestoreRequest& request) const {
  const absl::StatusOr<Verdict> verdict = Judge(request);
  if (!verdict.ok()) return verdict.status();
  v1::PlanRestoreResponse response;
  response.set_checkpoint(verdict->checkpoint.basic().name());
  AddRestorePlan(verdict->checkpoint, verdict->target, verdict->judgement, response);
  *response.mutable_report() =
      JudgementToProto(verdict->checkpoint, verdict->target, verdict->judgement, ReportedRegisters::kFindings);
  return response;
}

}  // namespace armstate
