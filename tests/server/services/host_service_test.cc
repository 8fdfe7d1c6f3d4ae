// Tests the built-in CPU profiles in HostService.
#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "tests/server/server_fixture.h"

namespace armstate {
namespace {

using StatusCode = grpc::StatusCode;

TEST_F(ServerTest, PagesOfCpuProfilesAreAllFilesUnderProfiles) {
  std::set<std::string> expected;
  for (const auto& entry : std::filesystem::directory_iterator("profiles")) {
    if (entry.path().extension() == ".textproto") expected.insert("cpuProfiles/" + entry.path().stem().string());
  }
  ASSERT_GT(expected.size(), 100u);
  v1::ListCpuProfilesRequest request;
  request.set_page_size(50);
  std::vector<std::string> names;
  std::vector<int> pages;
  do {
    v1::ListCpuProfilesResponse response;
    ASSERT_EQ(Call(host(), &HostStub::ListCpuProfiles, request, &response), RpcResult());
    for (const v1::CpuProfile& profile : response.cpu_profiles()) {
      names.push_back(profile.name());
      EXPECT_EQ(profile.registers_size(), 0) << profile.name();
      EXPECT_GT(profile.register_count(), 0) << profile.name();
    }
    pages.push_back(response.cpu_profiles_size());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()), expected);
  EXPECT_EQ(names.size(), expected.size());
  for (size_t i = 0; i + 1 < pages.size(); ++i) EXPECT_EQ(pages[i], 50);

  request.set_page_token("x");
  EXPECT_EQ(Call(host(), &HostStub::ListCpuProfiles, request),
            (RpcResult{StatusCode::INVALID_ARGUMENT, "PAGE_TOKEN_INVALID", {{"field", "page_token"}}}));
}

TEST_F(ServerTest, OneCpuProfileHasItsRegisters) {
  v1::GetCpuProfileRequest request;
  request.set_name("cpuProfiles/qemu-7.2.virt.cortex-a57.el2");
  v1::CpuProfile profile;
  ASSERT_EQ(Call(host(), &HostStub::GetCpuProfile, request, &profile), RpcResult());
  EXPECT_EQ(profile.accelerator(), v1::ACCELERATOR_TCG);
  EXPECT_EQ(profile.hypervisor(), "QEMU");
  EXPECT_EQ(profile.machine_type(), "virt-7.2");
  EXPECT_EQ(profile.cpu_model(), "cortex-a57");
  ASSERT_EQ(profile.machine_options_size(), 1);
  EXPECT_EQ(profile.machine_options(0), "virtualization=on");
  EXPECT_EQ(profile.register_count(), profile.registers_size());
  const auto sctlr = std::find_if(profile.registers().begin(), profile.registers().end(),
                                  [](const auto& rule) { return rule.id() == 0x603000000013c080; });
  ASSERT_NE(sctlr, profile.registers().end());
  EXPECT_EQ(sctlr->reset(0), 0xc50838u);
}

TEST_F(ServerTest, AnUnknownCpuProfile) {
  v1::GetCpuProfileRequest request;
  request.set_name("cpuProfiles/cortex-z1");
  EXPECT_EQ(Call(host(), &HostStub::GetCpuProfile, request),
            (RpcResult{StatusCode::NOT_FOUND, "CPU_PROFILE_NOT_FOUND", {{"name", "cpuProfiles/cortex-z1"}}}));
  request.set_name("cortex-a57");
  EXPECT_EQ(Call(host(), &HostStub::GetCpuProfile, request),
            (RpcResult{StatusCode::INVALID_ARGUMENT,
                       "RESOURCE_NAME_INVALID",
                       {{"name", "cortex-a57"}, {"expected", "cpuProfiles/{profile}"}}}));
}

}  // namespace
}  // namespace armstate
