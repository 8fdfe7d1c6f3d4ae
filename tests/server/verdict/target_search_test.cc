// FindRestoreTargets and ComputeBaseline, with recorded KVM hosts.
#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <vector>

#include "proto/enum_name.h"
#include "tests/server/restore_fixture.h"

namespace armstate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using StatusCode = grpc::StatusCode;

constexpr uint64_t kPfr0 = 0x603000000013c020;  // ID_AA64PFR0_EL1

TEST_F(RestoreTest, HostsStandBestFirstWithALineEach) {
  AddHost("n1-a", "neoverse-n1@6.12", {{"zone", "a"}});
  AddHost("n1-b", "neoverse-n1@6.12", {{"zone", "b"}});
  AddHost("a72", "cortex-a72@6.12", {{"zone", "a"}});
  AddHost("max", "max7@6.12", {{"zone", "a"}});
  v1::FindRestoreTargetsRequest request;
  request.set_checkpoint(Create(Recorded("v", "cortex-a72@6.12", "pmu")).name());
  const auto find = [&] {
    v1::FindRestoreTargetsResponse response;
    EXPECT_EQ(Call(restore(), &RestoreStub::FindRestoreTargets, request, &response), RpcResult());
    EXPECT_EQ(response.checkpoint(), request.checkpoint());
    std::vector<std::string> lines;
    for (const v1::RestoreTargetVerdict& target : response.targets()) {
      EXPECT_THAT(target.cpu_profile(), StartsWith("cpuProfiles/"));
      lines.push_back(target.host() + " " + EnumName(target.verdict()) + " " + target.reason());
    }
    return lines;
  };
  // MIDR_EL1 and four further registers, on both vCPUs (neoverse-n1@6.12.jsonl).
  const std::string why =
      " REFUSED another core: Neoverse-N1 r4p1 there (MIDR_EL1 0x414fd0c1), the guest's is Cortex-A72 r0p3 "
      "(0x410fd083); and 4 more registers";
  EXPECT_THAT(find(), ElementsAre("hosts/a72 ACCEPTED ", "hosts/n1-a" + why, "hosts/n1-b" + why,
                                  StartsWith("hosts/max REFUSED another core: QEMU's max ")));
  (*request.mutable_labels())["zone"] = "b";
  EXPECT_THAT(find(), ElementsAre(StartsWith("hosts/n1-b")));
  request.clear_labels();
  request.set_accepting_only(true);
  EXPECT_THAT(find(), ElementsAre("hosts/a72 ACCEPTED "));

  request.set_accepting_only(false);
  request.set_checkpoint(Create(Recorded("w", "max7@6.12", "sve")).name());
  EXPECT_THAT(find(), testing::Contains(StartsWith("hosts/a72 REFUSED no vCPU feature sve; ")));
}

TEST_F(RestoreTest, AThousandHosts) {
  const char* const recorded[] = {"cortex-a72@6.12", "cortex-a57@6.12", "neoverse-n1@6.12", "max7@6.12"};
  std::vector<v1::Host> probed;
  for (const char* const host : recorded) {
    probed.push_back(CreateHost(CreateRequest("probed-" + std::to_string(probed.size()), host)));
  }
  // Hosts of the same kind share their profiles.
  for (int i = 0; i < 996; ++i) {
    v1::CreateHostRequest request;
    request.set_host_id("h" + std::to_string(1000 + i));
    for (const v1::HostProfile& profile : probed[static_cast<size_t>(i) % probed.size()].profiles()) {
      request.mutable_host()->add_profiles()->set_cpu_profile(profile.cpu_profile());
    }
    ASSERT_EQ(Call(host(), &HostStub::CreateHost, request), RpcResult());
  }
  v1::FindRestoreTargetsRequest request;
  request.set_checkpoint(Create(Recorded("v", "cortex-a72@6.12", "pmu")).name());
  v1::FindRestoreTargetsResponse response;
  ASSERT_EQ(Call(restore(), &RestoreStub::FindRestoreTargets, request, &response), RpcResult());
  ASSERT_EQ(response.targets_size(), 1000);
  EXPECT_EQ(response.targets(0).host(), "hosts/h1000");
  EXPECT_EQ(response.targets(1).host(), "hosts/h1004");
  EXPECT_EQ(response.targets(249).host(), "hosts/probed-0");
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(response.targets(i).verdict(), i < 250 ? v1::VERDICT_ACCEPTED : v1::VERDICT_REFUSED) << i;
    EXPECT_EQ(response.targets(i).reason().empty(), i < 250) << response.targets(i).reason();
  }
}

class BaselineTest : public RestoreTest {
 protected:
  RpcResult Compute(const std::vector<std::string>& hosts, const std::vector<std::string>& features,
                    v1::ComputeBaselineResponse* response) {
    v1::ComputeBaselineRequest request;
    for (const std::string& host : hosts) request.add_targets()->set_host(host);
    for (const std::string& feature : features) request.add_vcpu_features(feature);
    return Call(restore(), &RestoreStub::ComputeBaseline, request, response);
  }
};

TEST_F(BaselineTest, OfOneHostIsWhatItHas) {
  v1::ComputeBaselineResponse response;
  ASSERT_EQ(Compute({AddHost("max", "max7@6.12")}, {"pmu", "psci"}, &response), RpcResult());
  EXPECT_THAT(response.vcpu_features(), ElementsAre("psci_0_2", "pmu_v3"));
  EXPECT_THAT(response.obstacles(), IsEmpty());
  for (const v1::BaselineRegister& entry : response.registers()) EXPECT_THAT(entry.written_on(), IsEmpty());
}

// A Cortex-A72 has no RAS extension and KVM on a Neoverse N1 does not let it be taken away (neoverse-n1@6.12.jsonl).
TEST_F(BaselineTest, NamesTheFieldsAndHostsThatStayInTheWay) {
  const std::string a72 = AddHost("a72", "cortex-a72@6.12"), n1 = AddHost("n1", "neoverse-n1@6.12");
  v1::ComputeBaselineResponse response;
  ASSERT_EQ(Compute({a72, n1}, {}, &response), RpcResult());
  EXPECT_THAT(response.vcpu_features(), ElementsAre("psci_0_2", "pmu_v3")) << "the most that both were probed with";
  const auto ras = std::find_if(response.obstacles().begin(), response.obstacles().end(), [](const auto& obstacle) {
    return obstacle.register_id() == kPfr0 && obstacle.field() == "RAS";
  });
  ASSERT_NE(ras, response.obstacles().end());
  EXPECT_EQ(ras->name(), "ID_AA64PFR0_EL1");
  EXPECT_THAT(ras->targets(), testing::Contains(n1));
}

TEST_F(BaselineTest, WrongRequests) {
  const std::string n1 = AddHost("n1", "neoverse-n1@6.12");
  v1::ComputeBaselineResponse response;
  const auto invalid = [](const std::string& field) {
    return RpcResult{StatusCode::INVALID_ARGUMENT, "FIELD_INVALID", {{"field", field}}};
  };
  EXPECT_EQ(Compute({}, {}, &response), invalid("targets"));
  EXPECT_EQ(Compute({n1}, {"psci", "sve"}, &response), invalid("vcpu_features")) << "a Neoverse N1 has no SVE";
  EXPECT_EQ(Compute({n1}, {"psic"}, &response), invalid("vcpu_features"));
  EXPECT_EQ(Compute({n1, "hosts/none"}, {}, &response).reason, "HOST_NOT_FOUND");
  v1::ComputeBaselineRequest request;
  request.add_targets()->set_cpu_profile("cpuProfiles/qemu-7.2.virt.cortex-a57");
  EXPECT_EQ(Call(restore(), &RestoreStub::ComputeBaseline, request), invalid("targets")) << "not of KVM";
  request.mutable_targets(0)->set_checkpoint("vms/v/checkpoints/1");
  EXPECT_EQ(Call(restore(), &RestoreStub::ComputeBaseline, request), invalid("targets"));
}

}  // namespace
}  // namespace armstate
