// armstate.v1.RestoreService.
#ifndef ARMSTATE_SERVER_RESTORE_SERVICE_H_
#define ARMSTATE_SERVER_RESTORE_SERVICE_H_

#include "armstate/v1/restore_service.grpc.pb.h"
#include "server/decoded_service.h"
#include "server/restore_history.h"
#include "server/restore_targets.h"
#include "server/server_tolerances.h"

namespace armstate {

// Thread-safe. All arguments must outlive it.
class RestoreServiceImpl final : public DecodedService<v1::RestoreService> {
 public:
  RestoreServiceImpl(const RestoreTargets& targets, const ServerTolerances& tolerances, RestoreHistory& history)
      : targets_(targets), tolerances_(tolerances), history_(history) {
    OnUnary(&RestoreServiceImpl::ValidateCheckpoint);
    OnUnary(&RestoreServiceImpl::PlanRestore);
    OnUnary(&RestoreServiceImpl::ConvertCheckpoint);
    OnUnary(&RestoreServiceImpl::FindRestoreTargets);
    OnUnary(&RestoreServiceImpl::ComputeBaseline);
    OnUnary(&RestoreServiceImpl::ReportRestore);
    OnUnary(&RestoreServiceImpl::ListRestores);
  }

  grpc::ServerUnaryReactor* ValidateCheckpoint(grpc::CallbackServerContext* context,
                                               const v1::ValidateCheckpointRequest* request,
                                               v1::ValidateCheckpointResponse* response) override;
  grpc::ServerUnaryReactor* PlanRestore(grpc::CallbackServerContext* context, const v1::PlanRestoreRequest* request,
                                        v1::PlanRestoreResponse* response) override;
  grpc::ServerUnaryReactor* ConvertCheckpoint(grpc::CallbackServerContext* context,
                                              const v1::ConvertCheckpointRequest* request,
                                              v1::ConvertCheckpointResponse* response) override;
  grpc::ServerUnaryReactor* FindRestoreTargets(grpc::CallbackServerContext* context,
                                               const v1::FindRestoreTargetsRequest* request,
                                               v1::FindRestoreTargetsResponse* response) override;
  grpc::ServerUnaryReactor* ComputeBaseline(grpc::CallbackServerContext* context,
                                            const v1::ComputeBaselineRequest* request,
                                            v1::ComputeBaselineResponse* response) override;
  grpc::ServerUnaryReactor* ReportRestore(grpc::CallbackServerContext* context, const v1::ReportRestoreRequest* request,
                                          v1::RestoreRecord* response) override;
  grpc::ServerUnaryReactor* ListRestores(grpc::CallbackServerContext* context, const v1::ListRestoresRequest* request,
                                         v1::ListRestoresResponse* response) override;

 private:
  struct Verdict {
    JudgedCheckpoint checkpoint;
    JudgedTarget target;
    Judgement judgement;
  };

  template <typename Request>
  absl::StatusOr<Verdict> Judge(const Request& request, v1::Restorer by) const;

  absl::Status NoteOtherWay(const v1::ValidateCheckpointRequest& request, v1::RestoreReport& report) const;
  absl::StatusOr<v1::ValidateCheckpointResponse> Validate(const v1::ValidateCheckpointRequest& request) const;
  absl::StatusOr<v1::PlanRestoreResponse> Plan(const v1::PlanRestoreRequest& request) const;

  absl::StatusOr<v1::FindRestoreTargetsResponse> FindTargets(const v1::FindRestoreTargetsRequest& request) const;
  absl::StatusOr<v1::ComputeBaselineResponse> Baseline(const v1::ComputeBaselineRequest& request) const;
  absl::StatusOr<v1::RestoreRecord> Report(const v1::ReportRestoreRequest& request);
  absl::StatusOr<v1::ListRestoresResponse> List(const v1::ListRestoresRequest& request);

  const RestoreTargets& targets_;
  const ServerTolerances& tolerances_;
  RestoreHistory& history_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RESTORE_SERVICE_H_
