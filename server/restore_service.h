// armstate.v1.RestoreService.
#ifndef ARMSTATE_SERVER_RESTORE_SERVICE_H_
#define ARMSTATE_SERVER_RESTORE_SERVICE_H_

#include "armstate/v1/restore_service.grpc.pb.h"
#include "server/restore_targets.h"
#include "server/server_tolerances.h"

namespace armstate {

// Thread-safe. All arguments must outlive it.
class RestoreServiceImpl final : public v1::RestoreService::CallbackService {
 public:
  RestoreServiceImpl(const RestoreTargets& targets, const ServerTolerances& tolerances)
      : targets_(targets), tolerances_(tolerances) {}

  grpc::ServerUnaryReactor* ValidateCheckpoint(grpc::CallbackServerContext* context,
                                               const v1::ValidateCheckpointRequest* request,
                                               v1::ValidateCheckpointResponse* response) override;
  grpc::ServerUnaryReactor* PlanRestore(grpc::CallbackServerContext* context, const v1::PlanRestoreRequest* request,
                                        v1::PlanRestoreResponse* response) override;

 private:
  struct Verdict {
    JudgedCheckpoint checkpoint;
    JudgedTarget target;
    Judgement judgement;
  };

  template <typename Request>
  absl::StatusOr<Verdict> Judge(const Request& request) const;

  absl::StatusOr<v1::ValidateCheckpointResponse> Validate(const v1::ValidateCheckpointRequest& request) const;
  absl::StatusOr<v1::PlanRestoreResponse> Plan(const v1::PlanRestoreRequest& request) const;

  const RestoreTargets& targets_;
  const ServerTolerances& tolerances_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RESTORE_SERVICE_H_
