// `HostClient` manages hosts and the CPU profiles that the server knows.
#ifndef ARMSTATE_CLIENT_HOST_CLIENT_H_
#define ARMSTATE_CLIENT_HOST_CLIENT_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "armstate/v1/host_service.grpc.pb.h"
#include "client/connection.h"

namespace armstate {

// Every call answers with the server's absl::Status, whose reason GetErrorInfo (core/error.h) reads. The client checks
// nothing: the limits and errors are documented in proto/armstate/v1/host_service.proto.
//
// Thread-safe. Cheap to copy.
class HostClient {
 public:
  explicit HostClient(const Connection& connection);
  // For tests: any stub, e.g. v1::MockHostServiceStub.
  HostClient(std::shared_ptr<v1::HostService::StubInterface> stub, absl::Duration call_timeout);

  // Not tried again when the server is UNAVAILABLE: the host may have been made.
  absl::StatusOr<v1::Host> CreateHost(const v1::CreateHostRequest& request) const;

  absl::StatusOr<v1::Host> GetHost(const v1::GetHostRequest& request) const;
  // All pages from request.page_token on.
  absl::StatusOr<std::vector<v1::Host>> ListHosts(v1::ListHostsRequest request = {}) const;
  absl::StatusOr<v1::Host> UpdateHost(const v1::UpdateHostRequest& request) const;

  // Not tried again when the server is UNAVAILABLE.
  absl::Status DeleteHost(const v1::DeleteHostRequest& request) const;

  absl::StatusOr<v1::CpuProfile> GetCpuProfile(const v1::GetCpuProfileRequest& request) const;
  // All pages from request.page_token on; profiles without their registers.
  absl::StatusOr<std::vector<v1::CpuProfile>> ListCpuProfiles(v1::ListCpuProfilesRequest request = {}) const;
  absl::StatusOr<v1::ImportCpuProfileResponse> ImportCpuProfile(const v1::ImportCpuProfileRequest& request) const;

 private:
  std::shared_ptr<v1::HostService::StubInterface> stub_;
  absl::Duration call_timeout_;
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_HOST_CLIENT_H_
