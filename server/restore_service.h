// armstate.v1.RestoreService.
#ifndef ARMSTATE_SERVER_RESTORE_SERVICE_H_
#define ARMSTATE_SERVER_RESTORE_SERVICE_H_

#include "armstate/v1/restore_service.grpc.pb.h"
#include "server/profile_registry.h"
#include "storage/checkpoint_repository.h"

namespace armstate {

// Thread-safe. Both arguments must outlive it.
class RestoreServiceImpl final : public v1::RestoreService::CallbackService {
 public:
  RestoreServiceImpl(CheckpointRepository& checkpoints, const ProfileRegistry& profiles)
      : checkpoints_(checkpoints), profiles_(profiles) {}

  grpc::ServerUnaryReactor* ValidateCheckpoint(grpc::CallbackServerContext* context,
                                               const v1::ValidateCheckpointRequest* request,
                                               v1::ValidateCheckpointResponse* response) override;
  grpc::ServerUnaryReactor* PlanRestore(grpc::CallbackServerContext* context, const v1::PlanRestoreRequest* request,
                                        v1::PlanRestoreResponse* response) override;

 private:
  absl::StatusOr<v1::ValidateCheckpointResponse> Validate(const v1::ValidateCheckpointRequest& request);
  absl::StatusOr<v1::PlanRestoreResponse> Plan(const v1::PlanRestoreRequest& request);

  CheckpointRepository& checkpoints_;
  const ProfileRegistry& profiles_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RESTORE_SERVICE_H_
