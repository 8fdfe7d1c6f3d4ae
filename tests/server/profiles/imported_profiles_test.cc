// Tests profiles of HostService that are not built in, and when they are deleted.
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "tests/server/host_fixture.h"

namespace armstate {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using StatusCode = grpc::StatusCode;

constexpr char kRecorded[] = "neoverse-n1@6.12";
constexpr char kA57[] = "cpuProfiles/qemu-7.2.virt.cortex-a57";

class ImportedProfilesTest : public HostTest {
 protected:
  // Returns the names of the imported profiles.
  RpcResult Import(const v1::ImportCpuProfileRequest& request, std::vector<std::string>* names) {
    v1::ImportCpuProfileResponse response;
    const RpcResult result = Call(host(), &HostStub::ImportCpuProfile, request, &response);
    names->clear();
    for (const v1::CpuProfile& profile : response.cpu_profiles()) {
      EXPECT_EQ(profile.registers_size(), 0);
      EXPECT_GT(profile.register_count(), 0);
      names->push_back(profile.name());
    }
    return result;
  }

  RpcResult ImportProfile(const v1::CpuProfile& profile, std::vector<std::string>* names) {
    v1::ImportCpuProfileRequest request;
    *request.mutable_cpu_profile() = profile;
    return Import(request, names);
  }

  v1::CpuProfile Profile(const std::string& name) {
    v1::CpuProfile profile;
    EXPECT_EQ(GetProfile(name, &profile), RpcResult());
    return profile;
  }

  std::vector<std::string> names_;
};

TEST_F(ImportedProfilesTest, OneWithAnotherContentIsAddedAndStays) {
  v1::CpuProfile profile = Profile(kA57);
  profile.set_name("cpuProfiles/mine");
  profile.set_cpu_model("mine");
  profile.set_register_count(7);
  ASSERT_EQ(ImportProfile(profile, &names_), RpcResult());
  EXPECT_THAT(names_, ElementsAre("cpuProfiles/mine"));
  Restart();
  EXPECT_THAT(ImportedProfiles(), ElementsAre("mine"));
  const v1::CpuProfile stored = Profile("cpuProfiles/mine");
  EXPECT_EQ(stored.register_count(), 333);
  EXPECT_EQ(stored.registers_size(), 333);
  // No deletion of a host removes it.
  v1::CreateHostRequest request;
  request.set_host_id("h");
  request.mutable_host()->add_profiles()->set_cpu_profile("cpuProfiles/mine");
  CreateHost(request);
  EXPECT_EQ(Delete("hosts/h"), RpcResult());
  EXPECT_THAT(ImportedProfiles(), ElementsAre("mine"));
}

TEST_F(ImportedProfilesTest, KnownContentKeepsItsKnownName) {
  v1::CpuProfile profile = Profile(kA57);
  profile.set_name("cpuProfiles/mine");
  ASSERT_EQ(ImportProfile(profile, &names_), RpcResult());
  EXPECT_THAT(names_, ElementsAre(kA57));
  EXPECT_THAT(ImportedProfiles(), IsEmpty());

  const v1::Host made = CreateHost(CreateRequest("h", kRecorded));
  v1::CpuProfile probed = Profile(made.profiles(0).cpu_profile());
  probed.set_name("cpuProfiles/mine");
  ASSERT_EQ(ImportProfile(probed, &names_), RpcResult());
  EXPECT_THAT(names_, ElementsAre(made.profiles(0).cpu_profile()));
  // From now on this profile stays; the other one is deleted with its host.
  EXPECT_EQ(Delete("hosts/h"), RpcResult());
  EXPECT_THAT(ImportedProfiles(), ElementsAre(made.profiles(0).cpu_profile().substr(12)));
  Restart();
  EXPECT_THAT(ImportedProfiles(), ElementsAre(made.profiles(0).cpu_profile().substr(12)));
}

TEST_F(ImportedProfilesTest, AProbeWithoutAHost) {
  v1::ImportCpuProfileRequest request;
  *request.mutable_probe() = CreateRequest("", kRecorded).probe();
  ASSERT_EQ(Import(request, &names_), RpcResult());
  EXPECT_EQ(names_.size(), 2u);
  const v1::Host host = CreateHost(CreateRequest("h", kRecorded));
  EXPECT_EQ(ProfileNames(host), names_);
  EXPECT_EQ(Delete("hosts/h"), RpcResult());
  EXPECT_EQ(ImportedProfiles().size(), 2u);
}

TEST_F(ImportedProfilesTest, NoNameStandsForTwoContents) {
  v1::CpuProfile profile = Profile(kA57);
  profile.set_cpu_model("mine");
  const RpcResult exists = {StatusCode::ALREADY_EXISTS, "CPU_PROFILE_EXISTS", {{"name", kA57}}};
  EXPECT_EQ(ImportProfile(profile, &names_), exists) << "a built-in profile is never hidden";
  profile.set_name("cpuProfiles/mine");
  EXPECT_EQ(ImportProfile(profile, &names_), RpcResult());
  EXPECT_EQ(ImportProfile(profile, &names_), RpcResult()) << "the same again";
  profile.set_cpu_model("another");
  EXPECT_EQ(ImportProfile(profile, &names_),
            (RpcResult{StatusCode::ALREADY_EXISTS, "CPU_PROFILE_EXISTS", {{"name", "cpuProfiles/mine"}}}));
  EXPECT_EQ(Profile("cpuProfiles/mine").cpu_model(), "mine");
}

TEST_F(ImportedProfilesTest, WhatIsNoProfile) {
  v1::ImportCpuProfileRequest both;
  both.mutable_cpu_profile();
  both.add_probe();
  const RpcResult field = {StatusCode::INVALID_ARGUMENT, "FIELD_INVALID", {{"field", "cpu_profile"}}};
  EXPECT_EQ(Import(both, &names_), field);
  EXPECT_EQ(Import(v1::ImportCpuProfileRequest(), &names_), field);

  v1::CpuProfile profile = Profile(kA57);
  profile.set_name("mine");
  const RpcResult name = ImportProfile(profile, &names_);
  EXPECT_EQ(name.code, StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(name.reason, "CPU_PROFILE_MALFORMED");

  profile.set_name("cpuProfiles/mine");
  profile.mutable_registers(1)->set_id(0x603000000013c080);  // SCTLR_EL1, out of order
  const RpcResult order = ImportProfile(profile, &names_);
  EXPECT_EQ(order.code, StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(order.reason, "CPU_PROFILE_MALFORMED");
  EXPECT_EQ(order.metadata.count("register_id"), 1u);
  EXPECT_THAT(ImportedProfiles(), IsEmpty());
}

// A machine that can be read must remain readable.
TEST_F(ImportedProfilesTest, AMachineKeepsItsProfile) {
  const v1::Host made = CreateHost(CreateRequest("h", kRecorded));
  const std::string profile = made.profiles(1).cpu_profile().substr(12);
  CreateMachine("m", profile);
  EXPECT_EQ(Delete("hosts/h"), RpcResult());
  EXPECT_THAT(ImportedProfiles(), ElementsAre(profile)) << "the other one is gone";
  Restart();
  v1::ReadRegistersRequest read;
  read.set_machine("machines/m");
  read.add_register_ids(0x603000000013c080);  // SCTLR_EL1
  v1::ReadRegistersResponse registers;
  EXPECT_EQ(Call(engine(), &EngineStub::ReadRegisters, read, &registers), RpcResult());

  // Once the machine is deleted, the next deletion of a host also removes the profile.
  v1::DeleteMachineRequest delete_machine;
  delete_machine.set_name("machines/m");
  EXPECT_EQ(Call(engine(), &EngineStub::DeleteMachine, delete_machine), RpcResult());
  CreateHost(CreateRequest("other", "cortex-a53@6.12"));
  EXPECT_EQ(Delete("hosts/other"), RpcResult());
  EXPECT_THAT(ImportedProfiles(), IsEmpty());
}

}  // namespace
}  // namespace armstate
