#include "server/services/host_service.h"

#include <string>
#include <utility>

#include "proto/resource_names.h"
#include "server/hosts/request.h"
#include "server/rpc/labels.h"
#include "server/rpc/page_token.h"

namespace armstate {
namespace {

constexpr absl::string_view kHosts = "hosts";
constexpr absl::string_view kProfiles = "cpuProfiles";

v1::Host ForList(const v1::Host& host) {
  if (!host.has_error()) return host;
  v1::Host damaged;
  damaged.set_name(host.name());
  *damaged.mutable_error() = host.error();
  return damaged;
}

}  // namespace

absl::StatusOr<v1::Host> HostServiceImpl::Create(const v1::CreateHostRequest& request) {
  const std::string name = FormatHostName(request.host_id());
  if (absl::Status status = ParseHostName(name).status(); !status.ok()) return status;
  if (absl::Status status = CheckLabels(request.host().labels(), "host.labels"); !status.ok()) return status;
  absl::StatusOr<HostDraft> host = HostFromRequest(request.probe(), request.host().profiles(), profiles_);
  if (!host.ok()) return host.status();
  host->host.set_name(name);
  *host->host.mutable_labels() = request.host().labels();
  const absl::StatusOr<HostRegistry::Entry> created = hosts_.Create(*std::move(host));
  if (!created.ok()) return created.status();
  return (*created)->message;
}

absl::StatusOr<v1::Host> HostServiceImpl::Get(const v1::GetHostRequest& request) {
  const absl::StatusOr<HostRegistry::Entry> host = hosts_.Find(request.name());
  if (!host.ok()) return host.status();
  return (*host)->message;
}

absl::StatusOr<v1::ListHostsResponse> HostServiceImpl::List(const v1::ListHostsRequest& request, const Access& access) {
  const absl::StatusOr<int> page_size = PageSize(request.page_size());
  if (!page_size.ok()) return page_size.status();
  const absl::StatusOr<std::string> after = DecodePageToken(kHosts, request.page_token());
  if (!after.ok()) return after.status();
  v1::ListHostsResponse response;
  const HostRegistry::Page page = hosts_.List(*after, *page_size, [&](const v1::Host& host) {
    return HasLabels(host.labels(), request.labels()) && access.May(v1::PERMISSION_READ, host.name());
  });
  size_t bytes = 0;
  bool more = page.more;
  for (const HostRegistry::Entry& host : page.hosts) {
    v1::Host listed = ForList(host->message);
    bytes += listed.ByteSizeLong();
    if (bytes > kMaxPageBytes && !response.hosts().empty()) {
      more = true;
      break;
    }
    *response.add_hosts() = std::move(listed);
  }
  if (more) {
    const absl::StatusOr<std::string> last = ParseHostName(response.hosts().rbegin()->name());
    if (!last.ok()) return last.status();
    response.set_next_page_token(EncodePageToken(kHosts, *last));
  }
  return response;
}

absl::StatusOr<v1::Host> HostServiceImpl::Update(const v1::UpdateHostRequest& request) {
  if (absl::Status status = ParseHostName(request.host().name()).status(); !status.ok()) return status;
  const absl::StatusOr<HostUpdate> update = ParseHostUpdate(request, profiles_);
  if (!update.ok()) return update.status();
  const absl::StatusOr<HostRegistry::Entry> host =
      hosts_.Update(request.host().name(), [&update](const v1::Host& stored) { return Updated(stored, *update); });
  if (!host.ok()) return host.status();
  return (*host)->message;
}

absl::StatusOr<google::protobuf::Empty> HostServiceImpl::Delete(const v1::DeleteHostRequest& request) {
  if (absl::Status status = hosts_.Delete(request.name()); !status.ok()) return status;
  return google::protobuf::Empty();
}

absl::StatusOr<v1::CpuProfile> HostServiceImpl::GetProfile(const v1::GetCpuProfileRequest& request) {
  const absl::StatusOr<ProfileRegistry::Entry> profile = profiles_.Find(request.name());
  if (!profile.ok()) return profile.status();
  return (*profile)->message;
}

absl::StatusOr<v1::ListCpuProfilesResponse> HostServiceImpl::ListProfiles(const v1::ListCpuProfilesRequest& request) {
  const absl::StatusOr<int> page_size = PageSize(request.page_size());
  if (!page_size.ok()) return page_size.status();
  const absl::StatusOr<std::string> after = DecodePageToken(kProfiles, request.page_token());
  if (!after.ok()) return after.status();
  v1::ListCpuProfilesResponse response;
  absl::StatusOr<ProfileRegistry::Page> page = profiles_.List(*after, *page_size);
  if (!page.ok()) return page.status();
  for (v1::CpuProfile& profile : page->profiles) *response.add_cpu_profiles() = std::move(profile);
  if (page->more) {
    const absl::StatusOr<std::string> last = ParseCpuProfileName(response.cpu_profiles().rbegin()->name());
    if (!last.ok()) return last.status();
    response.set_next_page_token(EncodePageToken(kProfiles, *last));
  }
  return response;
}

absl::StatusOr<v1::ImportCpuProfileResponse> HostServiceImpl::Import(const v1::ImportCpuProfileRequest& request) {
  absl::StatusOr<std::vector<v1::CpuProfile>> profiles = ProfilesFromRequest(request);
  if (!profiles.ok()) return profiles.status();
  const absl::StatusOr<std::vector<ProfileRegistry::Entry>> imported = hosts_.Import(*std::move(profiles));
  if (!imported.ok()) return imported.status();
  v1::ImportCpuProfileResponse response;
  for (const ProfileRegistry::Entry& entry : *imported) {
    *response.add_cpu_profiles() = WithoutRegisters(entry->message);
  }
  return response;
}

}  // namespace armstate
