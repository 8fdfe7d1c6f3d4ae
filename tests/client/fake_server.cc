#include "tests/client/fake_server.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"
#include "proto/status_conversion.h"

namespace armstate {
namespace {

constexpr int kMaxServerMessageBytes = 16 << 20;

template <typename Request, typename Response>
grpc::Status Answer(const Handler<Request, Response>& handler, const Request& request, Response& response) {
  if (!handler) return grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "the test sets no handler for this RPC");
  absl::StatusOr<Response> result = handler(request);
  if (result.ok()) response = *std::move(result);
  return ToGrpcStatus(result.status());
}

class FakeCheckpointService final : public v1::CheckpointService::Service {
 public:
  explicit FakeCheckpointService(const FakeHandlers& handlers) : handlers_(handlers) {}

  grpc::Status CreateCheckpoint(grpc::ServerContext*, const v1::CreateCheckpointRequest* request,
                                v1::Checkpoint* response) override {
    return Answer(handlers_.create_checkpoint, *request, *response);
  }
  grpc::Status GetCheckpoint(grpc::ServerContext*, const v1::GetCheckpointRequest* request,
                             v1::Checkpoint* response) override {
    return Answer(handlers_.get_checkpoint, *request, *response);
  }
  grpc::Status ListCheckpoints(grpc::ServerContext*, const v1::ListCheckpointsRequest* request,
                               v1::ListCheckpointsResponse* response) override {
    return Answer(handlers_.list_checkpoints, *request, *response);
  }
  grpc::Status UpdateCheckpoint(grpc::ServerContext*, const v1::UpdateCheckpointRequest* request,
                                v1::Checkpoint* response) override {
    return Answer(handlers_.update_checkpoint, *request, *response);
  }
  grpc::Status DeleteCheckpoint(grpc::ServerContext*, const v1::DeleteCheckpointRequest* request,
                                google::protobuf::Empty* response) override {
    return Answer(handlers_.delete_checkpoint, *request, *response);
  }
  grpc::Status GetVm(grpc::ServerContext*, const v1::GetVmRequest* request, v1::Vm* response) override {
    return Answer(handlers_.get_vm, *request, *response);
  }
  grpc::Status ListVms(grpc::ServerContext*, const v1::ListVmsRequest* request,
                       v1::ListVmsResponse* response) override {
    return Answer(handlers_.list_vms, *request, *response);
  }
  grpc::Status UpdateVm(grpc::ServerContext*, const v1::UpdateVmRequest* request, v1::Vm* response) override {
    return Answer(handlers_.update_vm, *request, *response);
  }
  grpc::Status DeleteVm(grpc::ServerContext*, const v1::DeleteVmRequest* request,
                        google::protobuf::Empty* response) override {
    return Answer(handlers_.delete_vm, *request, *response);
  }

 private:
  const FakeHandlers& handlers_;
};

class FakeRestoreService final : public v1::RestoreService::Service {
 public:
  explicit FakeRestoreService(const FakeHandlers& handlers) : handlers_(handlers) {}

  grpc::Status ValidateCheckpoint(grpc::ServerContext*, const v1::ValidateCheckpointRequest* request,
                                  v1::ValidateCheckpointResponse* response) override {
    return Answer(handlers_.validate_checkpoint, *request, *response);
  }
  grpc::Status PlanRestore(grpc::ServerContext*, const v1::PlanRestoreRequest* request,
                           v1::PlanRestoreResponse* response) override {
    return Answer(handlers_.plan_restore, *request, *response);
  }
  grpc::Status ConvertCheckpoint(grpc::ServerContext*, const v1::ConvertCheckpointRequest* request,
                                 v1::ConvertCheckpointResponse* response) override {
    return Answer(handlers_.convert_checkpoint, *request, *response);
  }
  grpc::Status FindRestoreTargets(grpc::ServerContext*, const v1::FindRestoreTargetsRequest* request,
                                  v1::FindRestoreTargetsResponse* response) override {
    return Answer(handlers_.find_restore_targets, *request, *response);
  }
  grpc::Status ComputeBaseline(grpc::ServerContext*, const v1::ComputeBaselineRequest* request,
                               v1::ComputeBaselineResponse* response) override {
    return Answer(handlers_.compute_baseline, *request, *response);
  }
  grpc::Status CreateRestore(grpc::ServerContext*, const v1::CreateRestoreRequest* request,
                             v1::Restore* response) override {
    return Answer(handlers_.create_restore, *request, *response);
  }
  grpc::Status ListRestores(grpc::ServerContext*, const v1::ListRestoresRequest* request,
                            v1::ListRestoresResponse* response) override {
    return Answer(handlers_.list_restores, *request, *response);
  }

 private:
  const FakeHandlers& handlers_;
};

class FakeHostService final : public v1::HostService::Service {
 public:
  explicit FakeHostService(const FakeHandlers& handlers) : handlers_(handlers) {}

  grpc::Status CreateHost(grpc::ServerContext*, const v1::CreateHostRequest* request, v1::Host* response) override {
    return Answer(handlers_.create_host, *request, *response);
  }
  grpc::Status GetHost(grpc::ServerContext*, const v1::GetHostRequest* request, v1::Host* response) override {
    return Answer(handlers_.get_host, *request, *response);
  }
  grpc::Status ListHosts(grpc::ServerContext*, const v1::ListHostsRequest* request,
                         v1::ListHostsResponse* response) override {
    return Answer(handlers_.list_hosts, *request, *response);
  }
  grpc::Status UpdateHost(grpc::ServerContext*, const v1::UpdateHostRequest* request, v1::Host* response) override {
    return Answer(handlers_.update_host, *request, *response);
  }
  grpc::Status DeleteHost(grpc::ServerContext*, const v1::DeleteHostRequest* request,
                          google::protobuf::Empty* response) override {
    return Answer(handlers_.delete_host, *request, *response);
  }
  grpc::Status ImportCpuProfile(grpc::ServerContext*, const v1::ImportCpuProfileRequest* request,
                                v1::ImportCpuProfileResponse* response) override {
    return Answer(handlers_.import_cpu_profile, *request, *response);
  }
  grpc::Status GetCpuProfile(grpc::ServerContext*, const v1::GetCpuProfileRequest* request,
                             v1::CpuProfile* response) override {
    return Answer(handlers_.get_cpu_profile, *request, *response);
  }
  grpc::Status ListCpuProfiles(grpc::ServerContext*, const v1::ListCpuProfilesRequest* request,
                               v1::ListCpuProfilesResponse* response) override {
    return Answer(handlers_.list_cpu_profiles, *request, *response);
  }

 private:
  const FakeHandlers& handlers_;
};

class FakeEngineService final : public v1::EngineService::Service {
 public:
  explicit FakeEngineService(const FakeHandlers& handlers) : handlers_(handlers) {}

  grpc::Status CreateMachine(grpc::ServerContext*, const v1::CreateMachineRequest* request,
                             v1::Machine* response) override {
    return Answer(handlers_.create_machine, *request, *response);
  }
  grpc::Status GetMachine(grpc::ServerContext*, const v1::GetMachineRequest* request, v1::Machine* response) override {
    return Answer(handlers_.get_machine, *request, *response);
  }
  grpc::Status ListMachines(grpc::ServerContext*, const v1::ListMachinesRequest* request,
                            v1::ListMachinesResponse* response) override {
    return Answer(handlers_.list_machines, *request, *response);
  }
  grpc::Status DeleteMachine(grpc::ServerContext*, const v1::DeleteMachineRequest* request,
                             google::protobuf::Empty* response) override {
    return Answer(handlers_.delete_machine, *request, *response);
  }
  grpc::Status ReadRegisters(grpc::ServerContext*, const v1::ReadRegistersRequest* request,
                             v1::ReadRegistersResponse* response) override {
    return Answer(handlers_.read_registers, *request, *response);
  }
  grpc::Status WriteRegisters(grpc::ServerContext*, const v1::WriteRegistersRequest* request,
                              v1::WriteRegistersResponse* response) override {
    return Answer(handlers_.write_registers, *request, *response);
  }
  grpc::Status ResetMachine(grpc::ServerContext*, const v1::ResetMachineRequest* request,
                            v1::Machine* response) override {
    return Answer(handlers_.reset_machine, *request, *response);
  }
  grpc::Status CaptureMachine(grpc::ServerContext*, const v1::CaptureMachineRequest* request,
                              v1::Checkpoint* response) override {
    return Answer(handlers_.capture_machine, *request, *response);
  }
  grpc::Status RestoreMachine(grpc::ServerContext*, const v1::RestoreMachineRequest* request,
                              v1::RestoreMachineResponse* response) override {
    return Answer(handlers_.restore_machine, *request, *response);
  }

 private:
  const FakeHandlers& handlers_;
};

class FakeAdminService final : public v1::AdminService::Service {
 public:
  explicit FakeAdminService(const FakeHandlers& handlers) : handlers_(handlers) {}

  grpc::Status GetStatistics(grpc::ServerContext*, const v1::GetStatisticsRequest* request,
                             v1::Statistics* response) override {
    return Answer(handlers_.get_statistics, *request, *response);
  }
  grpc::Status CreateBackup(grpc::ServerContext*, const v1::CreateBackupRequest* request,
                            v1::Backup* response) override {
    return Answer(handlers_.create_backup, *request, *response);
  }
  grpc::Status ListBackups(grpc::ServerContext*, const v1::ListBackupsRequest* request,
                           v1::ListBackupsResponse* response) override {
    return Answer(handlers_.list_backups, *request, *response);
  }

 private:
  const FakeHandlers& handlers_;
};

}  // namespace

class FakeServer::Services {
 public:
  explicit Services(const FakeHandlers& handlers)
      : checkpoints(handlers), restores(handlers), hosts(handlers), engines(handlers), admin(handlers) {}

  FakeCheckpointService checkpoints;
  FakeRestoreService restores;
  FakeHostService hosts;
  FakeEngineService engines;
  FakeAdminService admin;
};

FakeServer::FakeServer() : services_(std::make_unique<Services>(handlers)) {
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.SetMaxReceiveMessageSize(kMaxServerMessageBytes);
  builder.RegisterService(&services_->checkpoints);
  builder.RegisterService(&services_->restores);
  builder.RegisterService(&services_->hosts);
  builder.RegisterService(&services_->engines);
  builder.RegisterService(&services_->admin);
  server_ = builder.BuildAndStart();
  EXPECT_NE(server_, nullptr);
  target_ = absl::StrCat("127.0.0.1:", port);
}

FakeServer::~FakeServer() { server_->Shutdown(); }

}  // namespace armstate
