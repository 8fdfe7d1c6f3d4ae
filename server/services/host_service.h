// HostServiceImpl implements armstate.v1.HostService.
#ifndef ARMSTATE_SERVER_SERVICES_HOST_SERVICE_H_
#define ARMSTATE_SERVER_SERVICES_HOST_SERVICE_H_

#include "armstate/v1/host_service.grpc.pb.h"
#include "google/protobuf/empty.pb.h"
#include "server/hosts/registry.h"
#include "server/profiles/registry.h"
#include "server/rpc/call_workers.h"
#include "server/rpc/decoded_service.h"
#include "server/security/access_control.h"

namespace armstate {

// Thread-safe. All arguments must outlive the object.
class HostServiceImpl final : public DecodedService<v1::HostService> {
 public:
  HostServiceImpl(CallWorkers& workers, HostRegistry& hosts, const ProfileRegistry& profiles)
      : DecodedService(workers), hosts_(hosts), profiles_(profiles) {
    // Calls on `judging` parse a probe or a profile and then wait for the disk.
    OnUnary(workers.judging, &HostServiceImpl::Create);
    OnUnary(workers.reads, &HostServiceImpl::Get);
    OnUnary(workers.reads, &HostServiceImpl::List);
    OnUnary(workers.judging, &HostServiceImpl::Update);
    OnUnary(workers.writes, &HostServiceImpl::Delete);
    OnUnary(workers.reads, &HostServiceImpl::GetProfile);
    OnUnary(workers.reads, &HostServiceImpl::ListProfiles);
    OnUnary(workers.judging, &HostServiceImpl::Import);
  }

 private:
  absl::StatusOr<v1::Host> Create(const v1::CreateHostRequest& request);
  absl::StatusOr<v1::Host> Get(const v1::GetHostRequest& request);
  absl::StatusOr<v1::ListHostsResponse> List(const v1::ListHostsRequest& request, const Access& access);
  absl::StatusOr<v1::Host> Update(const v1::UpdateHostRequest& request);
  absl::StatusOr<google::protobuf::Empty> Delete(const v1::DeleteHostRequest& request);
  absl::StatusOr<v1::CpuProfile> GetProfile(const v1::GetCpuProfileRequest& request);
  absl::StatusOr<v1::ListCpuProfilesResponse> ListProfiles(const v1::ListCpuProfilesRequest& request);
  absl::StatusOr<v1::ImportCpuProfileResponse> Import(const v1::ImportCpuProfileRequest& request);

  HostRegistry& hosts_;
  const ProfileRegistry& profiles_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SERVICES_HOST_SERVICE_H_
