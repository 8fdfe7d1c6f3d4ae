// The command `armstate-kvm` where no KVM is needed: wrong usage, wrong files, a host without KVM. What it does on KVM
// is tried on emulated hosts (scripts/kvm-host).
#include "client/kvm/tool/armstate_kvm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "client/kvm/guest/guest.h"
#include "client/kvm/tool/cpu_model.h"
#include "client/kvm/tool/minimal_vmm.h"
#include "client/kvm/vm.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Outcome {
  ExitStatus status;
  std::string out;
  std::string err;
};

Outcome RunCommand(const std::vector<std::string>& arguments) {
  std::ostringstream out, err;
  const ExitStatus status = RunArmstateKvm(arguments, out, err);
  return {status, out.str(), err.str()};
}

TEST(ArmstateKvmTest, HelpNamesTheSubcommandsAndTheirExamples) {
  const Outcome help = RunCommand({"--help"});
  EXPECT_EQ(help.status, ExitStatus::kOk);
  for (const char* command : {"probe", "capture", "restore", "payload"}) EXPECT_THAT(help.out, HasSubstr(command));
  for (const char* command : {"capture", "restore", "payload"}) {
    const Outcome outcome = RunCommand({command, "--help"});
    EXPECT_EQ(outcome.status, ExitStatus::kOk);
    EXPECT_THAT(outcome.out, HasSubstr(std::string("Examples:\n  armstate-kvm ") + command));
    EXPECT_THAT(outcome.out, HasSubstr("Exit status: 0 success"));
  }
}

struct UsageCase {
  const char* name;
  std::vector<std::string> arguments;
  const char* message;
};

class UsageTest : public testing::TestWithParam<UsageCase> {};

TEST_P(UsageTest, IsRefused) {
  const Outcome outcome = RunCommand(GetParam().arguments);
  EXPECT_EQ(outcome.status, ExitStatus::kUsage);
  EXPECT_THAT(outcome.err, HasSubstr(GetParam().message));
  EXPECT_THAT(outcome.out, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Cases, UsageTest,
    testing::Values(UsageCase{"none", {}, "subcommand"}, UsageCase{"unknown", {"cature"}, "subcommand"},
                    UsageCase{"no_out", {"capture"}, "--out"},
                    UsageCase{"vcpus", {"capture", "--out", "x", "--vcpus", "9"}, "--vcpus"},
                    UsageCase{"memory", {"capture", "--out", "x", "--memory-mib", "0"}, "--memory-mib"},
                    UsageCase{"timeout", {"capture", "--out", "x", "--timeout", "soon"}, "soon is not a time"},
                    UsageCase{"no_checkpoint", {"restore"}, "CHECKPOINT"},
                    UsageCase{"no_host", {"probe", "--cpus", "0-3", "--out", "x"}, "--host"}),
    [](const auto& test) { return test.param.name; });

TEST(ArmstateKvmTest, WrongFilesAreErrorsThatNameThem) {
  TempDir folder;
  const std::string missing = folder.path() + "/missing.json";
  EXPECT_EQ(RunCommand({"restore", missing}).status, ExitStatus::kError);
  EXPECT_THAT(RunCommand({"restore", missing}).err, HasSubstr("missing.json"));

  const std::string cut = folder.path() + "/cut.json";
  std::ofstream(cut) << R"({"source": {"accele)";
  const Outcome outcome = RunCommand({"restore", cut});
  EXPECT_EQ(outcome.status, ExitStatus::kError);
  EXPECT_THAT(outcome.err, HasSubstr("cut.json: not JSON of armstate.v1.Checkpoint"));

  const std::string tcg = folder.path() + "/tcg.json";
  std::ofstream(tcg) << R"({"source": {"accelerator": "ACCELERATOR_TCG"}, "vcpus": [{}]})";
  EXPECT_THAT(RunCommand({"restore", tcg}).err, HasSubstr("tcg.json: source.accelerator"));

  const std::string features = folder.path() + "/features.json";
  std::ofstream(features)
      << R"({"source": {"accelerator": "ACCELERATOR_KVM", "vcpuFeatures": ["svee"]}, "vcpus": [{}]})";
  EXPECT_THAT(RunCommand({"restore", features}).err, HasSubstr("there is no vCPU feature \"svee\"; did you mean sve?"));
}

TEST(ArmstateKvmTest, AnUnknownFeatureIsNamed) {
  const Outcome outcome = RunCommand({"capture", "--out", "x", "--features", "pmu,seve"});
  EXPECT_EQ(outcome.status, ExitStatus::kError);
  EXPECT_THAT(outcome.err, HasSubstr("\"seve\"; did you mean sve?"));
}

TEST(ArmstateKvmTest, TheBuiltInGuestCanBeHadAsAFile) {
  TempDir folder;
  const std::string path = folder.path() + "/guest.bin";
  EXPECT_EQ(RunCommand({"payload", path}).status, ExitStatus::kOk);
  std::ifstream file(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  EXPECT_EQ(bytes, BuiltInGuest());
  // mov x27, #0: the first instruction of guest.S.
  EXPECT_EQ(bytes.substr(0, 4), std::string("\x1b\x00\x80\xd2", 4));
}

TEST(KvmVmTest, AHostWithoutKvmIsUnavailable) {
  const absl::Status status = KvmVm::Create("/nonexistent/kvm").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("/nonexistent/kvm: ENOENT"));
}

TEST(KvmVmTest, WhatIsNoKvmIsAnError) {
  const absl::Status status = KvmVm::Create("/dev/null").status();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr("KVM_GET_VCPU_MMAP_SIZE: ENOTTY"));
}

TEST(MinimalVmmTest, OptionsOutOfRangeAreRefused) {
  MinimalVmm::Options options;
  options.vcpu_count = 9;
  EXPECT_EQ(MinimalVmm::Create(options).status().code(), absl::StatusCode::kInvalidArgument);
  options.vcpu_count = 1;
  for (const size_t size : {size_t{0}, size_t{0x1'0001}, kMaxGuestMemory + 0x1'0000}) {
    options.memory_size = size;
    EXPECT_EQ(MinimalVmm::Create(options).status().code(), absl::StatusCode::kInvalidArgument) << size;
  }
}

// MIDR_EL1 as recorded hosts have it.
TEST(CpuModelTest, Names) {
  EXPECT_EQ(CpuModelName(0x410fd034), "cortex-a53");
  EXPECT_EQ(CpuModelName(0x410fd083), "cortex-a72");
  EXPECT_EQ(CpuModelName(0x413fd0c1), "neoverse-n1");
  EXPECT_EQ(CpuModelName(0x000f0510), "midr-0x000f0510");
}

}  // namespace
}  // namespace armstate
