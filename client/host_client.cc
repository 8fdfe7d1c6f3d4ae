#include "client/host_client.h"

#include <utility>

#include "client/unary_call.h"

namespace armstate {

HostClient::HostClient(const Connection& connection)
    : HostClient(v1::HostService::NewStub(connection.channel()), connection.call_timeout()) {}

HostClient::HostClient(std::shared_ptr<v1::HostService::StubInterface> stub, absl::Duration call_timeout)
    : stub_(std::move(stub)), call_timeout_(call_timeout) {}

absl::StatusOr<v1::Host> HostClient::CreateHost(const v1::CreateHostRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::HostService::StubInterface::CreateHost, request, call_timeout_);
}

absl::StatusOr<v1::Host> HostClient::GetHost(const v1::GetHostRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::HostService::StubInterface::GetHost, request, call_timeout_);
}

absl::StatusOr<std::vector<v1::Host>> HostClient::ListHosts(v1::ListHostsRequest request) const {
  std::vector<v1::Host> all;
  const absl::Status status = internal::ForEachPage(
      std::move(request),
      [this](const v1::ListHostsRequest& page) {
        return internal::UnaryCall(*stub_, &v1::HostService::StubInterface::ListHosts, page, call_timeout_);
      },
      [&all](v1::ListHostsResponse& response) {
        for (v1::Host& item : *response.mutable_hosts()) all.push_back(std::move(item));
      });
  if (!status.ok()) return status;
  return all;
}

absl::StatusOr<v1::Host> HostClient::UpdateHost(const v1::UpdateHostRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::HostService::StubInterface::UpdateHost, request, call_timeout_);
}

absl::Status HostClient::DeleteHost(const v1::DeleteHostRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::HostService::StubInterface::DeleteHost, request, call_timeout_).status();
}

absl::StatusOr<v1::ImportCpuProfileResponse> HostClient::ImportCpuProfile(
    const v1::ImportCpuProfileRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::HostService::StubInterface::ImportCpuProfile, request, call_timeout_);
}

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
