#include "client/host_client.h"

#include <utility>

#include "client/internal/unary_call.h"

namespace armstate {

HostClient::HostClient(const Connection& connection)
    : HostClient(v1::HostService::NewStub(connection.channel()), connection.call_timeout()) {}

HostClient::HostClient(std::shared_ptr<v1::HostService::StubInterface> stub, absl::Duration call_timeout)
    : stub_(std::move(stub)), call_timeout_(call_timeout) {}

absl::StatusOr<v1::CpuProfile> HostClient::GetCpuProfile(const v1::GetCpuProfileRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::HostService::StubInterface::GetCpuProfile, request, call_timeout_);
}

absl::StatusOr<std::vector<v1::CpuProfile>> HostClient::ListCpuProfiles(v1::ListCpuProfilesRequest request) const {
  std::vector<v1::CpuProfile> all;
  const absl::Status status = internal::ForEachPage(
      std::move(request),
      [this](const v1::ListCpuProfilesRequest& page) {
        return internal::UnaryCall(*stub_, &v1::HostService::StubInterface::ListCpuProfiles, page, call_timeout_);
      },
      [&all](v1::ListCpuProfilesResponse& response) {
        for (v1::CpuProfile& item : *response.mutable_cpu_profiles()) all.push_back(std::move(item));
      });
  if (!status.ok()) return status;
  return all;
}

}  // namespace armstate
