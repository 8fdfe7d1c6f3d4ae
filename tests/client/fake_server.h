// An armstated whose answers a test writes.
#ifndef ARMSTATE_TESTS_CLIENT_FAKE_SERVER_H_
#define ARMSTATE_TESTS_CLIENT_FAKE_SERVER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "armstate/v1/admin_service.grpc.pb.h"
#include "armstate/v1/checkpoint_service.grpc.pb.h"
#include "armstate/v1/engine_service.grpc.pb.h"
#include "armstate/v1/host_service.grpc.pb.h"
#include "armstate/v1/restore_service.grpc.pb.h"
#include "google/protobuf/empty.pb.h"
#include "grpcpp/server.h"

namespace armstate {

// Answers one RPC.
template <typename Request, typename Response>
using Handler = std::function<absl::StatusOr<Response>(const Request&)>;

// What each RPC answers; UNIMPLEMENTED where nothing is set. Called from gRPC's threads, one call at a time in these
// tests.
struct FakeHandlers {
  Handler<v1::CreateCheckpointRequest, v1::Checkpoint> create_checkpoint;
  Handler<v1::GetCheckpointRequest, v1::Checkpoint> get_checkpoint;
  Handler<v1::ListCheckpointsRequest, v1::ListCheckpointsResponse> list_checkpoints;
  Handler<v1::UpdateCheckpointRequest, v1::Checkpoint> update_checkpoint;
  Handler<v1::DeleteCheckpointRequest, google::protobuf::Empty> delete_checkpoint;
  Handler<v1::GetVmRequest, v1::Vm> get_vm;
  Handler<v1::ListVmsRequest, v1::ListVmsResponse> list_vms;
  Handler<v1::UpdateVmRequest, v1::Vm> update_vm;
  Handler<v1::DeleteVmRequest, google::protobuf::Empty> delete_vm;
  Handler<v1::ValidateCheckpointRequest, v1::ValidateCheckpointResponse> validate_checkpoint;
  Handler<v1::PlanRestoreRequest, v1::PlanRestoreResponse> plan_restore;
  Handler<v1::ConvertCheckpointRequest, v1::ConvertCheckpointResponse> convert_checkpoint;
  Handler<v1::FindRestoreTargetsRequest, v1::FindRestoreTargetsResponse> find_restore_targets;
  Handler<v1::ComputeBaselineRequest, v1::ComputeBaselineResponse> compute_baseline;
  Handler<v1::CreateRestoreRequest, v1::Restore> create_restore;
  Handler<v1::ListRestoresRequest, v1::ListRestoresResponse> list_restores;
  Handler<v1::CreateHostRequest, v1::Host> create_host;
  Handler<v1::GetHostRequest, v1::Host> get_host;
  Handler<v1::ListHostsRequest, v1::ListHostsResponse> list_hosts;
  Handler<v1::UpdateHostRequest, v1::Host> update_host;
  Handler<v1::DeleteHostRequest, google::protobuf::Empty> delete_host;
  Handler<v1::ImportCpuProfileRequest, v1::ImportCpuProfileResponse> import_cpu_profile;
  Handler<v1::GetCpuProfileRequest, v1::CpuProfile> get_cpu_profile;
  Handler<v1::ListCpuProfilesRequest, v1::ListCpuProfilesResponse> list_cpu_profiles;
  Handler<v1::CreateMachineRequest, v1::Machine> create_machine;
  Handler<v1::GetMachineRequest, v1::Machine> get_machine;
  Handler<v1::ListMachinesRequest, v1::ListMachinesResponse> list_machines;
  Handler<v1::DeleteMachineRequest, google::protobuf::Empty> delete_machine;
  Handler<v1::ReadRegistersRequest, v1::ReadRegistersResponse> read_registers;
  Handler<v1::WriteRegistersRequest, v1::WriteRegistersResponse> write_registers;
  Handler<v1::ResetMachineRequest, v1::Machine> reset_machine;
  Handler<v1::CaptureMachineRequest, v1::Checkpoint> capture_machine;
  Handler<v1::RestoreMachineRequest, v1::RestoreMachineResponse> restore_machine;
  Handler<v1::GetStatisticsRequest, v1::Statistics> get_statistics;
  Handler<v1::CreateBackupRequest, v1::Backup> create_backup;
  Handler<v1::ListBackupsRequest, v1::ListBackupsResponse> list_backups;
};

// A real gRPC server, on a free port of 127.0.0.1, that answers by `handlers`. Set them before the first call.
class FakeServer {
 public:
  FakeServer();
  ~FakeServer();

  FakeHandlers handlers;

  // "127.0.0.1:port".
  const std::string& target() const { return target_; }

 private:
  class Services;

  std::unique_ptr<Services> services_;
  std::unique_ptr<grpc::Server> server_;
  std::string target_;
};

}  // namespace armstate

#endif  // ARMSTATE_TESTS_CLIENT_FAKE_SERVER_H_
