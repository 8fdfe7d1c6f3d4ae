#include "server/host_service.h"

#include <string>

#include "server/handler.h"
#include "server/page_token.h"

namespace armstate {
namespace {

constexpr absl::string_view kList = "cpuProfiles";

// Not a copy of the whole profile: its registers are 300 times the rest.
v1::CpuProfile WithoutRegisters(const v1::CpuProfile& profile) {
  v1::CpuProfile summary;
  summary.set_name(profile.name());
  summary.set_accelerator(profile.accelerator());
  summary.set_hypervisor(profile.hypervisor());
  summary.set_hypervisor_version(profile.hypervisor_version());
  summary.set_machine_type(profile.machine_type());
  summary.set_cpu_model(profile.cpu_model());
  *summary.mutable_machine_options() = profile.machine_options();
  summary.set_register_count(profile.register_count());
  return summary;
}

}  // namespace

grpc::ServerUnaryReactor* HostServiceImpl::GetCpuProfile(grpc::CallbackServerContext* context,
                                                         const v1::GetCpuProfileRequest* request,
                                                         v1::CpuProfile* response) {
  return Answer(context, Get(*request), response);
}

grpc::ServerUnaryReactor* HostServiceImpl::ListCpuProfiles(grpc::CallbackServerContext* context,
                                                           const v1::ListCpuProfilesRequest* request,
                                                           v1::ListCpuProfilesResponse* response) {
  return Answer(context, List(*request), response);
}

absl::StatusOr<v1::CpuProfile> HostServiceImpl::Get(const v1::GetCpuProfileRequest& request) {
  const absl::StatusOr<const RegisteredProfile*> profile = profiles_.Find(request.name());
  if (!profile.ok()) return profile.status();
  return (*profile)->message;
}

absl::StatusOr<v1::ListCpuProfilesResponse> HostServiceImpl::List(const v1::ListCpuProfilesRequest& request) {
  const absl::StatusOr<int> page_size = PageSize(request.page_size());
  if (!page_size.ok()) return page_size.status();
  const absl::StatusOr<std::string> after = DecodePageToken(kList, request.page_token());
  if (!after.ok()) return after.status();
  v1::ListCpuProfilesResponse response;
  auto profile = profiles_.profiles().upper_bound(*after);
  for (; profile != profiles_.profiles().end() && response.cpu_profiles_size() < *page_size; ++profile) {
    *response.add_cpu_profiles() = WithoutRegisters(profile->second.message);
  }
  if (profile != profiles_.profiles().end()) {
    response.set_next_page_token(EncodePageToken(kList, std::prev(profile)->first));
  }
  return response;
}

}  // namespace armstate
