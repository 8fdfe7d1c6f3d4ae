// Hosts with several kinds of cores, by the probes of a Cortex-A53 and a Cortex-A72 under one kernel. What each kind
// accepts is what the recorded hosts of that CPU did (tests/data/kvm/restores).
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "proto/enum_name.h"
#include "server/hosts/host_draft.h"
#include "tests/server/restore_fixture.h"

namespace armstate {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using StatusCode = grpc::StatusCode;

constexpr char kLittle[] = "cortex-a53@6.12";
constexpr char kBig[] = "cortex-a72@6.12";

class CoreKindsTest : public RestoreTest {
 protected:
  static v1::CreateHostRequest Probed(const std::string& id, const std::vector<std::string>& recorded) {
    v1::CreateHostRequest request;
    request.set_host_id(id);
    for (const std::string& host : recorded) *request.add_probe() = File(host, ReadArmstateKvmProbe(host));
    return request;
  }

  v1::RestoreTargetVerdict Target(const std::string& checkpoint, const std::string& host) {
    v1::FindRestoreTargetsRequest request;
    request.set_checkpoint(checkpoint);
    v1::FindRestoreTargetsResponse response;
    EXPECT_EQ(Call(restore(), &RestoreStub::FindRestoreTargets, request, &response), RpcResult());
    for (const v1::RestoreTargetVerdict& target : response.targets()) {
      if (target.host() == host) return target;
    }
    ADD_FAILURE() << host;
    return {};
  }
};

// "ACCEPTED on cortex-a72"
template <typename Verdicts>
std::vector<std::string> Lines(const Verdicts& kinds) {
  std::vector<std::string> lines;
  for (const v1::CoreKindVerdict& kind : kinds) lines.push_back(EnumName(kind.verdict()) + " on " + kind.cpu_model());
  return lines;
}

TEST_F(CoreKindsTest, AHostHasTheProfilesOfAllItsProbes) {
  const v1::Host both = CreateHost(Probed("phone", {kLittle, kBig}));
  EXPECT_EQ(both.kernel(), "6.12.117+deb12-cloud-arm64");
  EXPECT_EQ(both.cpu_model(), "cortex-a53, cortex-a72");
  ASSERT_EQ(both.core_kinds_size(), 2);
  EXPECT_EQ(both.core_kinds(0).cpu_model(), "cortex-a53");
  EXPECT_EQ(both.core_kinds(1).cpu_model(), "cortex-a72");
  EXPECT_THAT(both.core_kinds(1).cpus(), IsEmpty()) << "these probes do not say";
  const v1::Host little = CreateHost(Probed("little", {kLittle}));
  const v1::Host big = CreateHost(Probed("big", {kBig}));
  EXPECT_THAT(little.core_kinds(), IsEmpty());
  std::vector<std::string> profiles = ProfileNames(little);
  for (const std::string& name : ProfileNames(big)) profiles.push_back(name);
  EXPECT_EQ(ProfileNames(both), profiles);
  EXPECT_EQ(both.unsupported_features_size(), little.unsupported_features_size() + big.unsupported_features_size());
}

// Probes that armstate-kvm made of CPUs 0-3 and 4-7 of hosts with eight.
TEST_F(CoreKindsTest, ProbesThatNameTheirCpus) {
  const v1::Host phone = CreateHost(Probed("phone", {"little-cpus@6.12", "big-cpus@6.12"}));
  ASSERT_EQ(phone.core_kinds_size(), 2);
  EXPECT_EQ(phone.core_kinds(0).cpu_model(), "cortex-a53");
  EXPECT_EQ(phone.core_kinds(0).cpus(), "0-3");
  EXPECT_EQ(phone.core_kinds(1).cpu_model(), "cortex-a72");
  EXPECT_EQ(phone.core_kinds(1).cpus(), "4-7");
  const std::string of_big = Create(Recorded("v", kBig, "pmu")).name();
  EXPECT_THAT(Target(of_big, phone.name()).reason(), AllOf(StartsWith("pin the VM to "), HasSubstr("4-7")));
  const std::string of_little = Create(Recorded("w", kLittle, "pmu")).name();
  EXPECT_THAT(Target(of_little, phone.name()).reason(), AllOf(StartsWith("pin the VM to "), HasSubstr("0-3")));
}

// A host under Linux 6.18, by armstate-kvm's own probe: what it says of the VMs that were recorded there.
TEST_F(CoreKindsTest, AProbeOfLinux618TakesItsOwnVms) {
  const v1::Host host = CreateHost(Probed("h18", {"cortex-a72@6.18"}));
  EXPECT_THAT(host.kernel(), StartsWith("6.18."));
  const std::string own = Create(Recorded("v", "cortex-a72@6.18", "pmu")).name();
  EXPECT_EQ(Validate(OnHost(own, host.name())).verdict(), v1::VERDICT_ACCEPTED);
  const std::string of_6_1 = Create(Recorded("w", "cortex-a72@6.1", "pmu")).name();
  EXPECT_NE(Validate(OnHost(of_6_1, host.name())).verdict(), v1::VERDICT_REFUSED);
}

TEST_F(CoreKindsTest, TheBestKindCounts) {
  const std::string host = CreateHost(Probed("phone", {kLittle, kBig})).name();
  const std::string plain = CreateHost(Probed("big", {kBig})).name();
  const std::string checkpoint = Create(Recorded("v", kBig, "pmu")).name();
  const v1::RestoreReport report = Validate(OnHost(checkpoint, host));
  EXPECT_EQ(report.verdict(), v1::VERDICT_ACCEPTED);
  EXPECT_THAT(report.cpu_profile(), HasSubstr("cortex-a72.pmu"));
  EXPECT_THAT(report.notes(), Contains("judged for a VM that is pinned to the cortex-a72 CPUs"));
  EXPECT_THAT(Lines(report.core_kinds()), ElementsAre("ACCEPTED on cortex-a72", "REFUSED on cortex-a53"));
  EXPECT_GT(report.core_kinds(1).refused_count(), 0);
  EXPECT_THAT(report.core_kinds(1).reason(), StartsWith("another core: Cortex-A53 r0p4 there"));

  const v1::RestoreTargetVerdict target = Target(checkpoint, host);
  EXPECT_EQ(target.verdict(), v1::VERDICT_ACCEPTED);
  EXPECT_EQ(target.reason(), "pin the VM to the cortex-a72 CPUs");
  EXPECT_THAT(Lines(target.core_kinds()), ElementsAre("ACCEPTED on cortex-a72", "REFUSED on cortex-a53"));
  EXPECT_EQ(target.core_kinds(1).reason(), report.core_kinds(1).reason());
  EXPECT_THAT(Target(checkpoint, plain).core_kinds(), IsEmpty());

  // A guest of the small cores goes there.
  const std::string small = Create(Recorded("w", kLittle, "pmu")).name();
  EXPECT_THAT(Lines(Validate(OnHost(small, host)).core_kinds()),
              ElementsAre("ACCEPTED on cortex-a53", "REFUSED on cortex-a72"));
}

TEST_F(CoreKindsTest, ThePlanIsThatOfTheBestKind) {
  const std::string checkpoint = Create(Recorded("v", kBig, "pmu")).name();
  const auto plan = [&](const std::string& host) {
    v1::PlanRestoreRequest request;
    request.set_checkpoint(checkpoint);
    request.mutable_target()->set_host(host);
    v1::PlanRestoreResponse response;
    EXPECT_EQ(Call(restore(), &RestoreStub::PlanRestore, request, &response), RpcResult());
    return response;
  };
  const v1::PlanRestoreResponse alone = plan(CreateHost(Probed("big", {kBig})).name());
  const v1::PlanRestoreResponse both = plan(CreateHost(Probed("phone", {kLittle, kBig})).name());
  ASSERT_EQ(both.vcpus_size(), 2);
  EXPECT_EQ(both.vcpus(1).SerializeAsString(), alone.vcpus(1).SerializeAsString());
  EXPECT_THAT(Lines(both.report().core_kinds()), ElementsAre("ACCEPTED on cortex-a72", "REFUSED on cortex-a53"));
}

TEST_F(CoreKindsTest, ItSurvivesARestartAndANewProbe) {
  const v1::Host made = CreateHost(Probed("phone", {kLittle, kBig}));
  Stop();
  Start();
  v1::Host found;
  ASSERT_EQ(Get("hosts/phone", &found), RpcResult());
  EXPECT_EQ(found.SerializeAsString().size(), made.SerializeAsString().size());
  EXPECT_EQ(found.core_kinds_size(), 2);
  v1::UpdateHostRequest update;
  update.mutable_host()->set_name("hosts/phone");
  update.mutable_update_mask()->add_paths("profiles");
  *update.mutable_probe() = Probed("", {kBig}).probe();
  ASSERT_EQ(Call(host(), &HostStub::UpdateHost, update), RpcResult());
  ASSERT_EQ(Get("hosts/phone", &found), RpcResult());
  EXPECT_THAT(found.core_kinds(), IsEmpty());
  EXPECT_EQ(ImportedProfiles().size(), static_cast<size_t>(found.profiles_size())) << "the others are gone";
}

TEST_F(CoreKindsTest, ABaselineNeedsOneKind) {
  CreateHost(Probed("phone", {kLittle, kBig}));
  v1::ComputeBaselineRequest request;
  request.add_targets()->set_host("hosts/phone");
  const RpcResult result = Call(restore(), &RestoreStub::ComputeBaseline, request);
  EXPECT_EQ(result, (RpcResult{StatusCode::INVALID_ARGUMENT, "FIELD_INVALID", {{"field", "targets"}}}));
  EXPECT_THAT(result.message,
              testing::MatchesRegex("targets has hosts/phone, whose cores are of several kinds: instead of it, name "
                                    "cpuProfiles/kvm-6.12.117.cortex-a53[^ ]* \\(the cortex-a53 CPUs, [a-z,]+\\) or "
                                    "cpuProfiles/kvm-6.12.117.cortex-a72[^ ]* \\(the cortex-a72 CPUs, [a-z,]+\\), "
                                    "where the VM will be pinned to"));
}

TEST_F(CoreKindsTest, ProbesThatAreNotOfOneHost) {
  const auto refusal = [&](const std::vector<std::string>& recorded) {
    const RpcResult result = Call(host(), &HostStub::CreateHost, Probed("h", recorded));
    EXPECT_EQ(result.code, StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(result.reason, "FIELD_INVALID");
    return result.message;
  };
  EXPECT_THAT(refusal({kBig, "neoverse-n1@6.1"}),
              StartsWith("probe is of several hosts: one file was made under the kernel 6.12.117+deb12-cloud-arm64, "
                         "another under 6.1.0-"));
  EXPECT_EQ(
      refusal({kBig, kBig}),
      "probe has two files of the cortex-a72 CPUs, and do not both say which: probe each kind of cores with --cpus");
  EXPECT_THAT(Hosts(), IsEmpty());
}

TEST(HostFromProbesTest, KindsByTheirCpus) {
  ProbeRecording little = ReadHostProbe(kLittle);
  ProbeRecording big = ReadHostProbe(kBig);
  little.cpus = "0-3";
  big.cpus = "4-7";
  absl::StatusOr<HostDraft> host = HostFromProbes({little, big});
  ASSERT_TRUE(host.ok()) << host.status();
  ASSERT_EQ(host->host.core_kinds_size(), 2);
  EXPECT_EQ(host->host.core_kinds(1).cpus(), "4-7");

  // Two clusters of one kind share their profiles.
  ProbeRecording other = big;
  other.cpus = "8-9";
  host = HostFromProbes({big, other});
  ASSERT_TRUE(host.ok()) << host.status();
  EXPECT_EQ(host->host.cpu_model(), "cortex-a72");
  EXPECT_EQ(host->host.profiles_size(), static_cast<int>(2 * host->profiles.size()));

  // One probe that is not about all CPUs.
  host = HostFromProbes({big});
  ASSERT_TRUE(host.ok()) << host.status();
  ASSERT_EQ(host->host.core_kinds_size(), 1);
  EXPECT_EQ(host->host.core_kinds(0).cpus(), "4-7");

  other.cpus = "0,7";
  EXPECT_EQ(HostFromProbes({big, other}).status().message(), "probe has two files of CPU 7");
  other.kernel = "6.12\x1b[31m";
  EXPECT_THAT(std::string(HostFromProbes({big, other}).status().message()), HasSubstr("another under 6.12\\033[31m: "));
  other.kernel = std::string(500'000, 'K');
  EXPECT_LT(HostFromProbes({big, other}).status().message().size(), 100u);
}

}  // namespace
}  // namespace armstate
