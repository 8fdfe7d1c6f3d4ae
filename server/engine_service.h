// armstate.v1.EngineService.
#ifndef ARMSTATE_SERVER_ENGINE_SERVICE_H_
#define ARMSTATE_SERVER_ENGINE_SERVICE_H_

#include "armstate/v1/engine_service.grpc.pb.h"
#include "google/protobuf/empty.pb.h"
#include "server/decoded_service.h"
#include "server/machine_registry.h"
#include "server/profile_registry.h"
#include "storage/checkpoint_repository.h"

namespace armstate {

// Thread-safe. All arguments must outlive it.
class EngineServiceImpl final : public DecodedService<v1::EngineService> {
 public:
  EngineServiceImpl(CheckpointRepository& checkpoints, MachineRegistry& machines, const ProfileRegistry& profiles)
      : checkpoints_(checkpoints), machines_(machines), profiles_(profiles) {
    OnUnary(&EngineServiceImpl::CreateMachine);
    OnUnary(&EngineServiceImpl::GetMachine);
    OnUnary(&EngineServiceImpl::ListMachines);
    OnUnary(&EngineServiceImpl::DeleteMachine);
    OnUnary(&EngineServiceImpl::ReadRegisters);
    OnUnary(&EngineServiceImpl::WriteRegisters);
    OnUnary(&EngineServiceImpl::ResetMachine);
    OnUnary(&EngineServiceImpl::CaptureMachine);
    OnUnary(&EngineServiceImpl::RestoreMachine);
  }

  grpc::ServerUnaryReactor* CreateMachine(grpc::CallbackServerContext* context, const v1::CreateMachineRequest* request,
                                          v1::Machine* response) override;
  grpc::ServerUnaryReactor* GetMachine(grpc::CallbackServerContext* context, const v1::GetMachineRequest* request,
                                       v1::Machine* response) override;
  grpc::ServerUnaryReactor* ListMachines(grpc::CallbackServerContext* context, const v1::ListMachinesRequest* request,
                                         v1::ListMachinesResponse* response) override;
  grpc::ServerUnaryReactor* DeleteMachine(grpc::CallbackServerContext* context, const v1::DeleteMachineRequest* request,
                                          google::protobuf::Empty* response) override;
  grpc::ServerUnaryReactor* ReadRegisters(grpc::CallbackServerContext* context, const v1::ReadRegistersRequest* request,
                                          v1::ReadRegistersResponse* response) override;
  grpc::ServerUnaryReactor* WriteRegisters(grpc::CallbackServerContext* context,
                                           const v1::WriteRegistersRequest* request,
                                           v1::WriteRegistersResponse* response) override;
  grpc::ServerUnaryReactor* ResetMachine(grpc::CallbackServerContext* context, const v1::ResetMachineRequest* request,
                                         v1::Machine* response) override;
  grpc::ServerUnaryReactor* CaptureMachine(grpc::CallbackServerContext* context,
                                           const v1::CaptureMachineRequest* request, v1::Checkpoint* response) override;
  grpc::ServerUnaryReactor* RestoreMachine(grpc::CallbackServerContext* context,
                                           const v1::RestoreMachineRequest* request,
                                           v1::RestoreMachineResponse* response) override;

 private:
  absl::StatusOr<v1::Machine> Create(const v1::CreateMachineRequest& request);
  absl::StatusOr<v1::Machine> Get(const v1::GetMachineRequest& request);
  absl::StatusOr<v1::ListMachinesResponse> List(const v1::ListMachinesRequest& request);
  absl::StatusOr<v1::ReadRegistersResponse> Read(const v1::ReadRegistersRequest& request);
  absl::StatusOr<v1::WriteRegistersResponse> Write(const v1::WriteRegistersRequest& request);
  absl::StatusOr<v1::Machine> Reset(const v1::ResetMachineRequest& request);
  absl::StatusOr<v1::Checkpoint> Capture(const v1::CaptureMachineRequest& request);
  absl::StatusOr<v1::RestoreMachineResponse> Restore(const v1::RestoreMachineRequest& request);

  CheckpointRepository& checkpoints_;
  MachineRegistry& machines_;
  const ProfileRegistry& profiles_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_ENGINE_SERVICE_H_
