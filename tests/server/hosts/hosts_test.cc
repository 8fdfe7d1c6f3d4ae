// Tests HostService with hosts from recorded probes and hosts of known profiles.
#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>

#include <map>
#include <string>
#include <thread>
#include <vector>

#include "tests/server/host_fixture.h"

namespace armstate {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using StatusCode = grpc::StatusCode;

constexpr char kA57[] = "cpuProfiles/qemu-7.2.virt.cortex-a57";
constexpr char kProbed[] = "neoverse-n1@6.12";
constexpr char kA72[] = "cpuProfiles/qemu-7.2.virt.cortex-a72";

bool Equal(const google::protobuf::Message& a, const google::protobuf::Message& b) {
  return google::protobuf::util::MessageDifferencer::Equals(a, b);
}

// Returns the recorded name of a host as an ID.
std::string IdOf(std::string recorded) {
  recorded.replace(recorded.find('@'), 1, "_");
  return recorded;
}

TEST_F(HostTest, EveryRecordedHostIsMadeAndKept) {
  // Sets of vCPU features that each probe tried; on Linux 6.18 each also with a writable implementation ID.
  const std::map<std::string, int> profiles = {{"cortex-a53@6.12", 3},  {"cortex-a57@6.12", 3}, {"cortex-a72@6.1", 3},
                                               {"cortex-a72@6.12", 3},  {"cortex-a72@6.18", 6}, {"max7@6.1", 7},
                                               {"max7@6.12", 7},        {"max7@6.18", 14},      {"neoverse-n1@6.1", 2},
                                               {"neoverse-n1@6.12", 2}, {"neoverse-n1@6.18", 4}};
  for (const std::string& recorded : KvmHosts()) {
    EXPECT_EQ(CreateHost(CreateRequest(IdOf(recorded), recorded)).profiles_size(), profiles.at(recorded)) << recorded;
  }
  const std::vector<v1::Host> before = Hosts();
  const std::vector<std::string> profiles_before = ImportedProfiles();
  EXPECT_EQ(before.size(), 11u);
  EXPECT_EQ(profiles_before.size(), 54u) << "no two of these hosts accept the same";
  v1::CpuProfile before_restart;
  EXPECT_EQ(GetProfile(before[0].profiles(0).cpu_profile(), &before_restart), RpcResult());

  Restart();
  const std::vector<v1::Host> after = Hosts();
  ASSERT_EQ(after.size(), before.size());
  for (size_t i = 0; i < after.size(); ++i) EXPECT_TRUE(Equal(after[i], before[i])) << before[i].name();
  EXPECT_EQ(ImportedProfiles(), profiles_before);
  v1::CpuProfile after_restart;
  EXPECT_EQ(GetProfile(before[0].profiles(0).cpu_profile(), &after_restart), RpcResult());
  EXPECT_TRUE(Equal(after_restart, before_restart));
}

TEST_F(HostTest, AHostTellsWhatItsProbeFound) {
  v1::CreateHostRequest request = CreateRequest("a72", "cortex-a72@6.12");
  (*request.mutable_host()->mutable_labels())["rack"] = "4";
  const v1::Host made = CreateHost(request);
  v1::Host host;
  ASSERT_EQ(Get("hosts/a72", &host), RpcResult());
  EXPECT_TRUE(Equal(host, made));
  EXPECT_EQ(host.labels().at("rack"), "4");
  EXPECT_EQ(host.accelerator(), v1::ACCELERATOR_KVM);
  EXPECT_EQ(host.kernel(), "6.12.117+deb12-cloud-arm64");
  EXPECT_EQ(host.cpu_model(), "cortex-a72");
  EXPECT_GT(host.create_time().seconds(), 0);
  EXPECT_THAT(ProfileNames(host),
              ElementsAre(MatchesRegex("cpuProfiles/kvm-6\\.12\\.117\\.cortex-a72\\.base-[0-9a-f]{8}"),
                          MatchesRegex("cpuProfiles/kvm-6\\.12\\.117\\.cortex-a72\\.pmu-[0-9a-f]{8}"),
                          MatchesRegex("cpuProfiles/kvm-6\\.12\\.117\\.cortex-a72\\.aarch32-[0-9a-f]{8}")));
  EXPECT_EQ(host.profiles(1).feature_set(), "pmu");
  EXPECT_EQ(host.profiles(1).vcpu_features(), 0xcu);
  // What the recorded probe was answered: init.feature4 to init.feature9.
  std::vector<std::string> lacks;
  for (const v1::UnsupportedFeature& feature : host.unsupported_features()) {
    lacks.push_back(feature.feature() + " " + feature.call() + " " + feature.error());
  }
  EXPECT_THAT(lacks, ElementsAre("sve KVM_ARM_VCPU_INIT EINVAL", "ptrauth_address KVM_ARM_VCPU_INIT EINVAL",
                                 "ptrauth_generic KVM_ARM_VCPU_INIT EINVAL", "has_el2 KVM_ARM_VCPU_INIT ENOENT",
                                 "has_el2_e2h0 KVM_ARM_VCPU_INIT ENOENT", "feature_9 KVM_ARM_VCPU_INIT ENOENT",
                                 "mte KVM_ENABLE_CAP EINVAL", "writable_implementation_id KVM_ENABLE_CAP EINVAL"));
}

TEST_F(HostTest, HostsThatAcceptTheSameShareTheirProfiles) {
  const v1::Host first = CreateHost(CreateRequest("first", "neoverse-n1@6.12"));
  const std::vector<std::string> stored = ImportedProfiles();
  EXPECT_EQ(stored.size(), 2u);
  // The counters stood at another value when the second host was probed.
  v1::CreateHostRequest request = CreateRequest("second", "neoverse-n1@6.12");
  std::string& lists = *request.mutable_probe(0)->mutable_content();
  const std::string counter = "0x603000000013df1a\", 8, \"0x";
  const size_t at = lists.find(counter);
  ASSERT_NE(at, std::string::npos);
  lists.replace(at + counter.size(), 16, "00000000deadbeef");
  const v1::Host second = CreateHost(request);
  EXPECT_EQ(ProfileNames(first), ProfileNames(second));
  EXPECT_EQ(ImportedProfiles(), stored);

  EXPECT_EQ(Delete("hosts/first"), RpcResult());
  EXPECT_EQ(ImportedProfiles(), stored) << "the second host has them";
  EXPECT_EQ(Delete("hosts/second"), RpcResult());
  EXPECT_THAT(ImportedProfiles(), IsEmpty());
  EXPECT_EQ(GetProfile(ProfileNames(first)[0]),
            (RpcResult{StatusCode::NOT_FOUND, "CPU_PROFILE_NOT_FOUND", {{"name", ProfileNames(first)[0]}}}));
  Restart();
  EXPECT_THAT(ImportedProfiles(), IsEmpty());
  EXPECT_THAT(Hosts(), IsEmpty());
}

TEST_F(HostTest, AHostOfKnownProfiles) {
  v1::CreateHostRequest request;
  request.set_host_id("qemu");
  for (const char* profile : {kA57, kA72}) request.mutable_host()->add_profiles()->set_cpu_profile(profile);
  const v1::Host host = CreateHost(request);
  EXPECT_EQ(host.accelerator(), v1::ACCELERATOR_TCG);
  EXPECT_EQ(host.kernel(), "");
  EXPECT_EQ(host.cpu_model(), "") << "the profiles have several";
  EXPECT_THAT(ProfileNames(host), ElementsAre(kA57, kA72));

  // Of a KVM host's profiles, with what they say of their vCPUs.
  const v1::Host probed = CreateHost(CreateRequest("probed", "max7@6.12"));
  request.set_host_id("same");
  request.mutable_host()->clear_profiles();
  request.mutable_host()->add_profiles()->set_cpu_profile(probed.profiles(5).cpu_profile());
  const v1::Host same = CreateHost(request);
  EXPECT_EQ(same.accelerator(), v1::ACCELERATOR_KVM);
  EXPECT_EQ(same.kernel(), "6.12.117+deb12-cloud-arm64");
  EXPECT_EQ(same.profiles(0).vcpu_features(), 124u);
  EXPECT_TRUE(same.profiles(0).memory_tagging());
  EXPECT_EQ(Delete("hosts/probed"), RpcResult());
  EXPECT_EQ(ImportedProfiles().size(), 1u);
}

TEST_F(HostTest, PagesAndLabels) {
  for (const char* id : {"c", "a", "b", "B", "d"}) {
    v1::CreateHostRequest request;
    request.set_host_id(id);
    (*request.mutable_host()->mutable_labels())["zone"] = *id == 'a' || *id == 'c' ? "one" : "two";
    request.mutable_host()->add_profiles()->set_cpu_profile(kA57);
    CreateHost(request);
  }
  const auto pages = [this](v1::ListHostsRequest request) {
    std::vector<std::string> pages;
    do {
      v1::ListHostsResponse response;
      EXPECT_EQ(Call(host(), &HostStub::ListHosts, request, &response), RpcResult());
      std::string page;
      for (const v1::Host& host : response.hosts()) page += host.name().substr(6);
      pages.push_back(page);
      request.set_page_token(response.next_page_token());
    } while (!request.page_token().empty());
    return pages;
  };
  v1::ListHostsRequest request;
  EXPECT_THAT(pages(request), ElementsAre("Babcd"));
  request.set_page_size(2);
  EXPECT_THAT(pages(request), ElementsAre("Ba", "bc", "d"));
  (*request.mutable_labels())["zone"] = "two";
  EXPECT_THAT(pages(request), ElementsAre("Bb", "d"));
  (*request.mutable_labels())["rack"] = "4";
  EXPECT_THAT(pages(request), ElementsAre(""));
  request.set_page_token("x");
  EXPECT_EQ(Call(host(), &HostStub::ListHosts, request),
            (RpcResult{StatusCode::INVALID_ARGUMENT, "PAGE_TOKEN_INVALID", {{"field", "page_token"}}}));
}

// Deletes one host while another one with the same profiles is created.
TEST_F(HostTest, ChangesAtTheSameTime) {
  const v1::CreateHostRequest request = CreateRequest("", kProbed);
  const auto make_and_delete = [this, request](const std::string& id) {
    for (int round = 0; round < 3; ++round) {
      v1::CreateHostRequest own = request;
      own.set_host_id(id);
      EXPECT_EQ(CreateHost(own).profiles_size(), 2);
      v1::Host found;
      EXPECT_EQ(Get("hosts/" + id, &found), RpcResult());
      for (const std::string& profile : ProfileNames(found)) EXPECT_EQ(GetProfile(profile), RpcResult());
      EXPECT_EQ(Delete("hosts/" + id), RpcResult());
    }
  };
  std::vector<std::thread> threads;
  for (const char* id : {"a", "b", "c", "d"}) threads.emplace_back(make_and_delete, id);
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(Hosts(), IsEmpty());
  EXPECT_THAT(ImportedProfiles(), IsEmpty());
  Restart();
  EXPECT_THAT(Hosts(), IsEmpty());
  EXPECT_THAT(ImportedProfiles(), IsEmpty());
}

class UpdateHostTest : public HostTest {
 protected:
  UpdateHostTest() {
    v1::CreateHostRequest request = CreateRequest("h", "neoverse-n1@6.1");
    (*request.mutable_host()->mutable_labels())["zone"] = "one";
    created_ = CreateHost(request);
    request_.mutable_host()->set_name("hosts/h");
  }

  v1::Host Update() {
    v1::Host updated;
    EXPECT_EQ(Call(host(), &HostStub::UpdateHost, request_, &updated), RpcResult());
    EXPECT_TRUE(Equal(updated.create_time(), created_.create_time()));
    v1::Host stored;
    EXPECT_EQ(HostTest::Get("hosts/h", &stored), RpcResult());
    EXPECT_TRUE(Equal(stored, updated));
    return updated;
  }

  v1::Host created_;
  v1::UpdateHostRequest request_;
};

TEST_F(UpdateHostTest, LabelsAlone) {
  request_.mutable_update_mask()->add_paths("labels");
  (*request_.mutable_host()->mutable_labels())["rack"] = "4";
  v1::Host updated = Update();
  EXPECT_EQ(updated.labels_size(), 1);
  EXPECT_EQ(updated.labels().at("rack"), "4");
  EXPECT_EQ(ProfileNames(updated), ProfileNames(created_));
  EXPECT_EQ(updated.unsupported_features_size(), created_.unsupported_features_size());
  // A mask removes labels.
  request_.mutable_host()->clear_labels();
  updated = Update();
  EXPECT_EQ(updated.labels_size(), 0);
  EXPECT_EQ(ProfileNames(updated), ProfileNames(created_));
}

TEST_F(UpdateHostTest, ANewProbeTakesThePlaceOfAllProfiles) {
  request_.mutable_update_mask()->add_paths("profiles");
  *request_.mutable_probe() = CreateRequest("", "neoverse-n1@6.18").probe();
  const v1::Host updated = Update();
  EXPECT_EQ(updated.kernel(), "6.18.15+deb13-cloud-arm64");
  EXPECT_EQ(updated.profiles_size(), 4);
  EXPECT_EQ(updated.labels().at("zone"), "one");
  EXPECT_EQ(ImportedProfiles().size(), 4u) << "the old ones are gone";
  Restart();
  EXPECT_EQ(ImportedProfiles().size(), 4u);
  v1::Host stored;
  EXPECT_EQ(HostTest::Get("hosts/h", &stored), RpcResult());
  EXPECT_TRUE(Equal(stored, updated));
}

TEST_F(UpdateHostTest, KnownProfilesTakeThePlaceOfAll) {
  request_.mutable_update_mask()->add_paths("profiles");
  request_.mutable_host()->add_profiles()->set_cpu_profile(kA57);
  const v1::Host updated = Update();
  EXPECT_EQ(updated.accelerator(), v1::ACCELERATOR_TCG);
  EXPECT_THAT(ProfileNames(updated), ElementsAre(kA57));
  EXPECT_EQ(updated.unsupported_features_size(), 0);
  EXPECT_THAT(ImportedProfiles(), IsEmpty());
}

TEST_F(UpdateHostTest, SomeOfItsOwnProfiles) {
  request_.mutable_update_mask()->add_paths("profiles");
  *request_.mutable_host()->add_profiles() = created_.profiles(1);
  EXPECT_EQ(ProfileNames(Update()), std::vector<std::string>{created_.profiles(1).cpu_profile()});
  EXPECT_EQ(ImportedProfiles().size(), 1u);
}

TEST_F(UpdateHostTest, StarIsAllThatCanBeSet) {
  request_.mutable_update_mask()->add_paths("*");
  *request_.mutable_probe() = CreateRequest("", "neoverse-n1@6.12").probe();
  const v1::Host updated = Update();
  EXPECT_EQ(updated.labels_size(), 0);
  EXPECT_EQ(updated.kernel(), "6.12.117+deb12-cloud-arm64");
}

TEST_F(UpdateHostTest, OnlyWhatTheMaskNames) {
  request_.mutable_host()->add_profiles()->set_cpu_profile(kA57);
  request_.mutable_update_mask()->add_paths("labels");
  const v1::Host updated = Update();
  EXPECT_EQ(ProfileNames(updated), ProfileNames(created_));
  EXPECT_EQ(updated.labels_size(), 0);
}

}  // namespace
}  // namespace armstate
