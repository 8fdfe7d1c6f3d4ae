// HostTest is a fixture with a server and requests that carry the recorded hosts' probes.
#ifndef ARMSTATE_TESTS_SERVER_HOST_FIXTURE_H_
#define ARMSTATE_TESTS_SERVER_HOST_FIXTURE_H_

#include <string>
#include <vector>

#include "tests/server/kvm_corpus.h"
#include "tests/server/server_fixture.h"

namespace armstate {

// One probe file in its wire form.
inline v1::ProbeFile File(const std::string& name, const std::string& content) {
  v1::ProbeFile file;
  file.set_name(name);
  file.set_content(content);
  return file;
}

class HostTest : public ServerTest {
 protected:
  // A request with the probe's three files; `recorded` is e.g. "cortex-a72@6.12".
  static v1::CreateHostRequest CreateRequest(const std::string& id, const std::string& recorded) {
    v1::CreateHostRequest request;
    request.set_host_id(id);
    const ProbeFiles files = ReadProbeFiles(recorded);
    *request.add_probe() = File("lists", files.lists);
    *request.add_probe() = File("experiments", files.experiments);
    *request.add_probe() = File("meta", files.meta);
    return request;
  }

  // Creates the host; the call must succeed.
  v1::Host CreateHost(const v1::CreateHostRequest& request) {
    v1::Host created;
    EXPECT_EQ(Call(host(), &HostStub::CreateHost, request, &created), RpcResult());
    return created;
  }

  RpcResult Delete(const std::string& name) {
    v1::DeleteHostRequest request;
    request.set_name(name);
    return Call(host(), &HostStub::DeleteHost, request);
  }

  RpcResult Get(const std::string& name, v1::Host* response) {
    v1::GetHostRequest request;
    request.set_name(name);
    return Call(host(), &HostStub::GetHost, request, response);
  }

  RpcResult GetProfile(const std::string& name, v1::CpuProfile* response) {
    v1::GetCpuProfileRequest request;
    request.set_name(name);
    return Call(host(), &HostStub::GetCpuProfile, request, response);
  }
  RpcResult GetProfile(const std::string& name) {
    v1::CpuProfile profile;
    return GetProfile(name, &profile);
  }

  // Lists all hosts in one page.
  std::vector<v1::Host> Hosts() {
    v1::ListHostsResponse response;
    EXPECT_EQ(Call(host(), &HostStub::ListHosts, v1::ListHostsRequest(), &response), RpcResult());
    return {response.hosts().begin(), response.hosts().end()};
  }

  // Returns the names of all profiles that are not QEMU 7.2's, without "cpuProfiles/".
  std::vector<std::string> ImportedProfiles() {
    v1::ListCpuProfilesRequest request;
    request.set_page_size(1000);
    v1::ListCpuProfilesResponse response;
    EXPECT_EQ(Call(host(), &HostStub::ListCpuProfiles, request, &response), RpcResult());
    std::vector<std::string> names;
    for (const v1::CpuProfile& profile : response.cpu_profiles()) {
      if (profile.name().rfind("cpuProfiles/qemu-", 0) != 0) names.push_back(profile.name().substr(12));
    }
    return names;
  }
};

// Returns the profiles of a host, in order.
inline std::vector<std::string> ProfileNames(const v1::Host& host) {
  std::vector<std::string> names;
  for (const v1::HostProfile& profile : host.profiles()) names.push_back(profile.cpu_profile());
  return names;
}

}  // namespace armstate

#endif  // ARMSTATE_TESTS_SERVER_HOST_FIXTURE_H_
