#include "server/host_service.h"

#include <string>

#include "proto/resource_names.h"
#include "server/handler.h"
#include "server/page_token.h"

namespace armstate {
namespace {

constexpr absl::string_view kList = "cpuProfiles";

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
  const absl::StatusOr<ProfileRegistry::Entry> profile = profiles_.Find(request.name());
  if (!profile.ok()) return profile.status();
  return (*profile)->message;
}

absl::StatusOr<v1::ListCpuProfilesResponse> HostServiceImpl::List(const v1::ListCpuProfilesRequest& request) {
  const absl::StatusOr<int> page_size = PageSize(request.page_size());
  if (!page_size.ok()) return page_size.status();
  const absl::StatusOr<std::string> after = DecodePageToken(kList, request.page_token());
  if (!after.ok()) return after.status();
  v1::ListCpuProfilesResponse response;
  const ProfileRegistry::Page page = profiles_.List(*after, *page_size);
  for (const ProfileRegistry::Entry& entry : page.profiles) {
    *response.add_cpu_profiles() = WithoutRegisters(entry->message);
  }
  if (page.more) {
    const absl::StatusOr<std::string> last = ParseCpuProfileName(response.cpu_profiles().rbegin()->name());
    if (!last.ok()) return last.status();
    response.set_next_page_token(EncodePageToken(kList, *last));
  }
  return response;
}

}  // namespace armstate
