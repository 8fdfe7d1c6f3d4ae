// EngineServiceImpl implements armstate.v1.EngineService.
#ifndef ARMSTATE_SERVER_SERVICES_ENGINE_SERVICE_H_
#define ARMSTATE_SERVER_SERVICES_ENGINE_SERVICE_H_

#include "armstate/v1/engine_service.grpc.pb.h"
#include "google/protobuf/empty.pb.h"
#include "server/machines/registry.h"
#include "server/profiles/registry.h"
#include "server/rpc/call_workers.h"
#include "server/rpc/decoded_service.h"
#include "server/security/access_control.h"
#include "storage/repository/checkpoint_repository.h"

namespace armstate {

// Thread-safe. All arguments must outlive the object.
class EngineServiceImpl final : public DecodedService<v1::EngineService> {
 public:
  EngineServiceImpl(CallWorkers& workers, CheckpointRepository& checkpoints, MachineRegistry& machines,
                    const ProfileRegistry& profiles)
      : DecodedService(workers), checkpoints_(checkpoints), machines_(machines), profiles_(profiles) {
    OnUnary(workers.writes, &EngineServiceImpl::Create);
    OnUnary(workers.reads, &EngineServiceImpl::Get);
    OnUnary(workers.reads, &EngineServiceImpl::List);
    OnUnary(workers.writes, &EngineServiceImpl::Delete);
    OnUnary(workers.reads, &EngineServiceImpl::Read);
    OnUnary(workers.writes, &EngineServiceImpl::Write);
    OnUnary(workers.writes, &EngineServiceImpl::Reset);
    OnUnary(workers.writes, &EngineServiceImpl::Capture);
    OnUnary(workers.judging, &EngineServiceImpl::Restore);  // also waits for the disk at the end
  }

 private:
  absl::StatusOr<v1::Machine> Create(const v1::CreateMachineRequest& request);
  absl::StatusOr<v1::Machine> Get(const v1::GetMachineRequest& request);
  absl::StatusOr<v1::ListMachinesResponse> List(const v1::ListMachinesRequest& request, const Access& access);
  absl::StatusOr<google::protobuf::Empty> Delete(const v1::DeleteMachineRequest& request);
  absl::StatusOr<v1::ReadRegistersResponse> Read(const v1::ReadRegistersRequest& request);
  absl::StatusOr<v1::WriteRegistersResponse> Write(const v1::WriteRegistersRequest& request);
  absl::StatusOr<v1::Machine> Reset(const v1::ResetMachineRequest& request);
  absl::StatusOr<v1::Checkpoint> Capture(const v1::CaptureMachineRequest& request);
  absl::StatusOr<v1::RestoreMachineResponse> Restore(const v1::RestoreMachineRequest& request, const StopCheck& stop);

  CheckpointRepository& checkpoints_;
  MachineRegistry& machines_;
  const ProfileRegistry& profiles_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SERVICES_ENGINE_SERVICE_H_
