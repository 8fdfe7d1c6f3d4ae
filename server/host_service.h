// armstate.v1.HostService.
#ifndef ARMSTATE_SERVER_HOST_SERVICE_H_
#define ARMSTATE_SERVER_HOST_SERVICE_H_

#include "armstate/v1/host_service.grpc.pb.h"
#include "server/profile_registry.h"

namespace armstate {

// Thread-safe. `profiles` must outlive it.
class HostServiceImpl final : public v1::HostService::CallbackService {
 public:
  explicit HostServiceImpl(const ProfileRegistry& profiles) : profiles_(profiles) {}

  grpc::ServerUnaryReactor* GetCpuProfile(grpc::CallbackServerContext* context, const v1::GetCpuProfileRequest* request,
                                          v1::CpuProfile* response) override;
  grpc::ServerUnaryReactor* ListCpuProfiles(grpc::CallbackServerContext* context,
                                            const v1::ListCpuProfilesRequest* request,
                                            v1::ListCpuProfilesResponse* response) override;

 private:
  absl::StatusOr<v1::CpuProfile> Get(const v1::GetCpuProfileRequest& request);
  absl::StatusOr<v1::ListCpuProfilesResponse> List(const v1::ListCpuProfilesRequest& request);

  const ProfileRegistry& profiles_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_HOST_SERVICE_H_
