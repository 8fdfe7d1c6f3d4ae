#include "proto/resource_names.h"

#include <string>

#include "core/error.h"
#include "gtest/gtest.h"

namespace armstate {
namespace {

void ExpectInvalid(const absl::Status& status, const std::string& name, const std::string& expected) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << name;
  const absl::optional<ErrorInfo> info = GetErrorInfo(status);
  ASSERT_TRUE(info) << name;
  EXPECT_EQ(info->reason, ErrorReason::kResourceNameInvalid) << name;
  EXPECT_EQ(info->metadata.at("name"), name);
  EXPECT_EQ(info->metadata.at("expected"), expected);
}

TEST(ResourceNames, Vm) {
  EXPECT_EQ(*ParseVmName("vms/web-1"), "web-1");
  EXPECT_EQ(*ParseVmName("vms/A"), "A");
  EXPECT_EQ(*ParseVmName("vms/0a._-"), "0a._-");
  EXPECT_EQ(*ParseVmName("vms/" + std::string(128, 'x')), std::string(128, 'x'));
  EXPECT_EQ(FormatVmName("web-1"), "vms/web-1");
}

TEST(ResourceNames, CpuProfileMachineAndHost) {
  EXPECT_EQ(*ParseCpuProfileName("cpuProfiles/qemu-7.2.virt.cortex-a57"), "qemu-7.2.virt.cortex-a57");
  EXPECT_EQ(*ParseMachineName("machines/m1"), "m1");
  EXPECT_EQ(*ParseHostName("hosts/rack4-a72"), "rack4-a72");
  EXPECT_EQ(FormatHostName("h"), "hosts/h");
  ExpectInvalid(ParseHostName("hosts/a/b").status(), "hosts/a/b", "hosts/{host}");
  EXPECT_EQ(FormatCpuProfileName("p"), "cpuProfiles/p");
  EXPECT_EQ(FormatMachineName("m1"), "machines/m1");
  ExpectInvalid(ParseCpuProfileName("cpuprofiles/p").status(), "cpuprofiles/p", "cpuProfiles/{profile}");
  ExpectInvalid(ParseMachineName("vms/m1").status(), "vms/m1", "machines/{machine}");
}

TEST(ResourceNames, VmRefusesWhatIsNoName) {
  for (const std::string name : {"", "vms", "vms/", "web-1", "/vms/a", "vms/-a", "vms/.a", "vms/_a", "vms/a/b",
                                 "vms/a ", " vms/a", "vms/\xc3\xa4", "VMS/a", "vms/a\n"}) {
    ExpectInvalid(ParseVmName(name).status(), name, "vms/{vm}");
  }
  const std::string too_long = "vms/" + std::string(129, 'x');
  ExpectInvalid(ParseVmName(too_long).status(), too_long, "vms/{vm}");
  // A NUL does not end a name. (In metadata it does.)
  EXPECT_FALSE(ParseVmName(absl::string_view("vms/a\0", 6)).ok());
}

TEST(ResourceNames, Checkpoint) {
  absl::StatusOr<CheckpointName> name = ParseCheckpointName("vms/a/checkpoints/42");
  ASSERT_TRUE(name.ok()) << name.status();
  EXPECT_EQ(name->vm, "a");
  EXPECT_EQ(name->version, 42);
  name = ParseCheckpointName("vms/a/checkpoints/9223372036854775807");
  ASSERT_TRUE(name.ok()) << name.status();
  EXPECT_EQ(name->version, INT64_MAX);
  name = ParseCheckpointName("vms/checkpoints/checkpoints/latest");
  ASSERT_TRUE(name.ok()) << name.status();
  EXPECT_EQ(name->vm, "checkpoints");
  EXPECT_EQ(name->version, absl::nullopt);
  EXPECT_EQ(FormatCheckpointName("a", 42), "vms/a/checkpoints/42");
  EXPECT_EQ(FormatCheckpointName("a", absl::nullopt), "vms/a/checkpoints/latest");
}

TEST(ResourceNames, CheckpointHasOneNamePerVersion) {
  for (const std::string version :
       {"", "0", "-1", "+1", "01", " 1", "1 ", "1x", "0x1", "9223372036854775808", "Latest", "latest/", "1/2"}) {
    const std::string name = "vms/a/checkpoints/" + version;
    ExpectInvalid(ParseCheckpointName(name).status(), name, "vms/{vm}/checkpoints/{version}");
  }
  for (const std::string name : {"vms/a", "vms//checkpoints/1", "vms/a/checkpoints", "a/checkpoints/1"}) {
    ExpectInvalid(ParseCheckpointName(name).status(), name, "vms/{vm}/checkpoints/{version}");
  }
}

}  // namespace
}  // namespace armstate
