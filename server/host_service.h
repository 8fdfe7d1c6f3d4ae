// armstate.v1.HostService.
#ifndef ARMSTATE_SERVER_HOST_SERVICE_H_
#define ARMSTATE_SERVER_HOST_SERVICE_H_

#include "armstate/v1/host_service.grpc.pb.h"
#include "server/decoded_service.h"
#include "server/host_registry.h"
#include "server/profile_registry.h"

namespace armstate {

// Thread-safe. Both registries must outlive it.
class HostServiceImpl final : public DecodedService<v1::HostService> {
 public:
  HostServiceImpl(HostRegistry& hosts, const ProfileRegistry& profiles) : hosts_(hosts), profiles_(profiles) {
    OnUnary(&HostServiceImpl::CreateHost);
    OnUnary(&HostServiceImpl::GetHost);
    OnUnary(&HostServiceImpl::ListHosts);
    OnUnary(&HostServiceImpl::UpdateHost);
    OnUnary(&HostServiceImpl::DeleteHost);
    OnUnary(&HostServiceImpl::GetCpuProfile);
    OnUnary(&HostServiceImpl::ListCpuProfiles);
    OnUnary(&HostServiceImpl::ImportCpuProfile);
  }

  grpc::ServerUnaryReactor* CreateHost(grpc::CallbackServerContext* context, const v1::CreateHostRequest* request,
                                       v1::Host* response) override;
  grpc::ServerUnaryReactor* GetHost(grpc::CallbackServerContext* context, const v1::GetHostRequest* request,
                                    v1::Host* response) override;
  grpc::ServerUnaryReactor* ListHosts(grpc::CallbackServerContext* context, const v1::ListHostsRequest* request,
                                      v1::ListHostsResponse* response) override;
  grpc::ServerUnaryReactor* UpdateHost(grpc::CallbackServerContext* context, const v1::UpdateHostRequest* request,
                                       v1::Host* response) override;
  grpc::ServerUnaryReactor* DeleteHost(grpc::CallbackServerContext* context, const v1::DeleteHostRequest* request,
                                       google::protobuf::Empty* response) override;
  grpc::ServerUnaryReactor* GetCpuProfile(grpc::CallbackServerContext* context, const v1::GetCpuProfileRequest* request,
                                          v1::CpuProfile* response) override;
  grpc::ServerUnaryReactor* ListCpuProfiles(grpc::CallbackServerContext* context,
                                            const v1::ListCpuProfilesRequest* request,
                                            v1::ListCpuProfilesResponse* response) override;
  grpc::ServerUnaryReactor* ImportCpuProfile(grpc::CallbackServerContext* context,
                                             const v1::ImportCpuProfileRequest* request,
                                             v1::ImportCpuProfileResponse* response) override;

 private:
  absl::StatusOr<v1::Host> Create(const v1::CreateHostRequest& request);
  absl::StatusOr<v1::Host> Get(const v1::GetHostRequest& request);
  absl::StatusOr<v1::ListHostsResponse> List(const v1::ListHostsRequest& request);
  absl::StatusOr<v1::Host> Update(const v1::UpdateHostRequest& request);
  absl::StatusOr<v1::CpuProfile> GetProfile(const v1::GetCpuProfileRequest& request);
  absl::StatusOr<v1::ListCpuProfilesResponse> ListProfiles(const v1::ListCpuProfilesRequest& request);
  absl::StatusOr<v1::ImportCpuProfileResponse> Import(const v1::ImportCpuProfileRequest& request);

  HostRegistry& hosts_;
  const ProfileRegistry& profiles_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_HOST_SERVICE_H_
