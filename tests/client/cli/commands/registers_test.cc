// show: the registers of a checkpoint.
#include <string>

#include "client/cli/files/checkpoint_file.h"
#include "core/register_list.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/vcpu_state_conversion.h"
#include "tests/client/cli/commands/run_command.h"
#include "tests/client/fake_server.h"
#include "tests/client/qemu/corpus.h"

namespace armstate {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

// Answers GetCheckpoint with a recorded stream's state, and GetCpuProfile with a TCG profile.
void ServeRecorded(FakeServer& server, const std::string& name) {
  absl::StatusOr<QemuCapture> capture = CaptureQemuStream(CorpusStream(name));
  ASSERT_TRUE(capture.ok()) << capture.status();
  v1::Checkpoint checkpoint = CheckpointOfCapture(*std::move(capture)).checkpoint;
  checkpoint.set_name("vms/web-1/checkpoints/1");
  server.handlers.get_checkpoint = [checkpoint](const v1::GetCheckpointRequest& request) {
    v1::Checkpoint answer = checkpoint;
    if (request.vcpu_indexes_size() == 0) return answer;
    answer.clear_vcpus();
    for (const int index : request.vcpu_indexes()) *answer.add_vcpus() = checkpoint.vcpus(index);
    return answer;
  };
}

// The line that begins with `name` and a blank.
std::string LineOf(const std::string& text, const std::string& name) {
  const size_t begin = ("\n" + text).find("\n" + name + " ");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find('\n', begin) - begin);
}

TEST(Show, AllRegistersOfAllVcpus) {
  FakeServer server;
  ServeRecorded(server, "virt.cortex-a53.smp2");
  const CommandResult result = RunCommand(server.target(), {"show", "web-1"});
  EXPECT_EQ(result.exit_status, 0) << result;
  EXPECT_THAT(result.out, AllOf(HasSubstr("vms/web-1/checkpoints/1\nvCPU 0\nREGISTER "), HasSubstr("\nvCPU 1\n")));
  // As the recording's independent parser has them.
  EXPECT_THAT(LineOf(result.out, "SCTLR_EL1"), HasSubstr("0x0000000004c51838"));
  EXPECT_THAT(result.out, AllOf(HasSubstr("0x1111000011110000\n"), HasSubstr("0x1111000011110001\n")));
  EXPECT_THAT(LineOf(result.out, "env.exclusive_addr"), HasSubstr("ffffffffffffffff"));
}

TEST(Show, OneVcpuAndChosenRegisters) {
  FakeServer server;
  ServeRecorded(server, "virt.cortex-a53.smp2");
  const CommandResult result =
      RunCommand(server.target(), {"show", "web-1", "--vcpu", "1", "tpidr_el0", "0x603000000013c080"});
  EXPECT_EQ(result.exit_status, 0) << result;
  EXPECT_THAT(result.out, StartsWith("vms/web-1/checkpoints/1\nvCPU 1\n"
                                     "TPIDR_EL0  0x603000000013de82  0x1111000011110001\n"
                                     "SCTLR_EL1  0x603000000013c080  0x0000000004c51838\n"));
  EXPECT_THAT(result.out, Not(HasSubstr("vCPU 0")));
}

TEST(Show, AnAArch32NameShowsTheAArch64Register) {
  FakeServer server;
  ServeRecorded(server, "virt.cortex-a53.smp2");
  const std::string out = RunCommand(server.target(), {"show", "web-1", "--vcpu", "1", "SCTLR", "csselr"}).out;
  EXPECT_THAT(out, HasSubstr("SCTLR_EL1  0x603000000013c080  0x0000000004c51838  (AArch64; SCTLR is mapped to it)\n"));
  EXPECT_THAT(out, HasSubstr("CSSELR_EL1  0x603000000013d000  "));
}

// As recorded of a VM with el1_32bit on Linux 6.12, cortex-a72 (tests/data/kvm/hosts), but for FAR_EL1, which is poison
// there: its halves are the two fault addresses.
TEST(Show, AGuestInAArch32HasItsRegistersFields) {
  FakeServer server;
  server.handlers.get_checkpoint = [](const v1::GetCheckpointRequest&) {
    VcpuState vcpu;
    RegisterListBuilder builder;
    builder.Add(*RegisterId::Create(0x6030000000100042), 0x1d3);     // PSTATE: Supervisor
    builder.Add(*RegisterId::Create(0x603000000013c080), 0xc50078);  // SCTLR_EL1
    builder.Add(*RegisterId::Create(0x603000000013c300), 0x1000200030004000);
    vcpu.registers = *std::move(builder).Build();
    v1::Checkpoint answer;
    answer.set_name("vms/web-1/checkpoints/1");
    answer.set_vcpu_count(1);
    answer.mutable_source()->set_accelerator(v1::ACCELERATOR_KVM);
    *answer.add_vcpus() = VcpuStateToProto(vcpu);
    return answer;
  };
  const std::string out =
      RunCommand(server.target(), {"show", "web-1", "SCTLR", "SCTLR.nTWE", "IFAR", "SCTLR_EL1.SPAN"}).out;
  EXPECT_THAT(out, HasSubstr("SCTLR  0x603000000013c080  0x00c50078  (the guest runs in AArch32: bits 31 to 0 of "
                             "SCTLR_EL1)\n"));
  EXPECT_THAT(LineOf(out, "  LSMAOE"), HasSubstr("0x1"));
  EXPECT_THAT(LineOf(out, "  TRE"), HasSubstr("0x0")) << "AArch64 has no such field";
  EXPECT_THAT(out, HasSubstr("IFAR  0x603000000013c300  0x10002000  (the guest runs in AArch32: bits 63 to 32 of "
                             "FAR_EL1)\n"));
  EXPECT_THAT(out, HasSubstr("SCTLR_EL1  0x603000000013c080  0x0000000000c50078\n")) << "who asks for it gets it";
}

TEST(Show, WhatTheRulesSay) {
  FakeServer server;
  std::vector<v1::GetCheckpointRequest> requests;
  server.handlers.get_checkpoint = [&requests](const v1::GetCheckpointRequest& request) {
    requests.push_back(request);
    v1::Checkpoint answer;
    answer.set_name("vms/web-1/checkpoints/1");
    answer.set_vcpu_count(2);
    answer.mutable_source()->set_accelerator(v1::ACCELERATOR_KVM);
    if (!request.include_advice()) return answer;
    v1::Advice* advice = answer.add_advice();
    advice->set_name("several-kinds-of-cores");
    advice->set_kind(v1::ADVICE_KIND_CHECKPOINT);
    advice->set_severity(v1::ADVICE_SEVERITY_WARNING);
    advice->set_sentence("vCPUs were captured on other cores");
    advice->set_action("pin the VM");
    advice->add_vcpu_indexes(1);
    advice->add_register_ids(0x603000000013c000);
    advice->add_registers("MIDR_EL1");
    return answer;
  };
  EXPECT_EQ(RunCommand(server.target(), {"show", "web-1"}).out,
            "vms/web-1/checkpoints/1\n"
            "warning: vCPUs were captured on other cores (MIDR_EL1 of vCPU 1)\n"
            "  -> pin the VM\n");
  EXPECT_EQ(RunCommand(server.target(), {"show", "web-1", "PC"}).out, "vms/web-1/checkpoints/1\n")
      << "who asks for a register wants that";
  requests.clear();
  const std::string json = RunCommand(server.target(), {"show", "web-1", "--vcpu", "1", "--output=json"}).out;
  EXPECT_THAT(json, HasSubstr("\"sentence\": \"vCPUs were captured on other cores\""));
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_THAT(requests[0].vcpu_indexes(), ElementsAre(1));
  EXPECT_FALSE(requests[1].include_advice()) << "once is enough";
}

TEST(Show, FieldsWithTheirBits) {
  FakeServer server;
  ServeRecorded(server, "virt.cortex-a53.smp2");
  const CommandResult result =
      RunCommand(server.target(), {"show", "web-1", "--vcpu", "0", "SCTLR_EL1.i", "SCTLR_EL1.M", "MPIDR_EL1.Aff0"});
  EXPECT_EQ(result.exit_status, 1) << "MPIDR_EL1 is not in QEMU's lists";
  const std::string all = RunCommand(server.target(), {"show", "web-1", "--vcpu", "0", "SCTLR_EL1"}).out;
  // Arm ARM, SCTLR_EL1: I is bit 12, M bit 0; of 0x04c51838 the one is set, the other not.
  EXPECT_THAT(LineOf(all, "  I"), MatchesRegex("  I +\\[12\\] +0x1.*"));
  EXPECT_THAT(LineOf(all, "  M"), MatchesRegex("  M +\\[0\\] +0x0.*"));
  const std::string one = RunCommand(server.target(), {"show", "web-1", "--vcpu", "0", "SCTLR_EL1.i"}).out;
  EXPECT_THAT(LineOf(one, "  I"), HasSubstr("[12]"));
  EXPECT_EQ(LineOf(one, "  M"), "");
}

TEST(Show, AsJsonHasDecodedRegisters) {
  FakeServer server;
  std::vector<v1::GetCheckpointRequest> requests;
  server.handlers.get_checkpoint = [&requests](const v1::GetCheckpointRequest& request) {
    requests.push_back(request);
    v1::Checkpoint answer;
    answer.set_name("vms/web-1/checkpoints/3");
    answer.set_vcpu_count(4);
    answer.set_register_count(4 * 4096);  // a call takes 8192 of them
    for (const int index : request.vcpu_indexes()) {
      v1::DecodedVcpu& vcpu = *answer.add_decoded_vcpus();
      vcpu.set_vcpu_index(index);
      vcpu.add_registers()->set_name("SCTLR_EL1");
      vcpu.mutable_registers(0)->set_value("0x0000000004c51838");
    }
    return answer;
  };
  CommandResult result = RunCommand(server.target(), {"show", "web-1", "SCTLR_EL1", "--output=json"});
  EXPECT_EQ(result.exit_status, 0) << result;
  EXPECT_THAT(result.out, AllOf(StartsWith("{"), HasSubstr("\"decodedVcpus\""), HasSubstr("\"vcpuIndex\": 3"),
                                HasSubstr("\"name\": \"SCTLR_EL1\""), HasSubstr("\"0x0000000004c51838\"")));
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[0].name(), "vms/web-1/checkpoints/latest");
  EXPECT_EQ(requests[0].view(), v1::CHECKPOINT_VIEW_BASIC);
  for (size_t i : {1, 2}) {
    EXPECT_EQ(requests[i].name(), "vms/web-1/checkpoints/3");
    EXPECT_EQ(requests[i].view(), v1::CHECKPOINT_VIEW_DECODED);
    EXPECT_THAT(requests[i].registers(), ElementsAre("SCTLR_EL1"));
    EXPECT_FALSE(requests[i].include_fields());
  }
  EXPECT_THAT(requests[1].vcpu_indexes(), ElementsAre(0, 1));
  EXPECT_THAT(requests[2].vcpu_indexes(), ElementsAre(2, 3));
  requests.clear();
  result = RunCommand(server.target(), {"show", "web-1", "--vcpu", "2", "--fields", "--output=json"});
  EXPECT_EQ(result.exit_status, 0) << result;
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_THAT(requests[1].vcpu_indexes(), ElementsAre(2));
  EXPECT_TRUE(requests[1].include_fields());
}

TEST(Show, AMisspeltNameGetsAProposal) {
  FakeServer server;
  ServeRecorded(server, "virt.cortex-a53.smp2");
  const CommandResult result = RunCommand(server.target(), {"show", "web-1", "SCTRL_EL1"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("SCTRL_EL1"), HasSubstr("SCTLR_EL1?")));
  EXPECT_THAT(result.out, IsEmpty());
}

TEST(Show, ARegisterThatTheVcpuLacks) {
  FakeServer server;
  ServeRecorded(server, "virt.cortex-a53.smp2");
  const CommandResult result = RunCommand(server.target(), {"show", "web-1", "VTTBR_EL2"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("vCPU 0"), HasSubstr("VTTBR_EL2"), HasSubstr("0x603000000013e108")));
  EXPECT_THAT(result.out, IsEmpty());
}

TEST(Show, AFieldThatARegisterLacks) {
  FakeServer server;
  ServeRecorded(server, "virt.cortex-a53.smp2");
  const CommandResult result = RunCommand(server.target(), {"show", "web-1", "TPIDR_EL0.NOPE"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("TPIDR_EL0 has no field \"NOPE\""));
}

// The same ID has another meaning in KVM's lists.
TEST(Show, NamesFollowTheAccelerator) {
  FakeServer server;
  v1::Checkpoint checkpoint;
  checkpoint.mutable_source()->set_accelerator(v1::ACCELERATOR_KVM);
  v1::RegisterList* list = checkpoint.add_vcpus()->mutable_registers();
  list->add_ids(0x603000000013df1a);
  list->set_values(std::string(8, '\x07'));
  server.handlers.get_checkpoint = [&](const v1::GetCheckpointRequest&) { return checkpoint; };
  EXPECT_THAT(RunCommand(server.target(), {"show", "web-1"}).out, HasSubstr("TIMER_CNT"));
  checkpoint.mutable_source()->set_accelerator(v1::ACCELERATOR_TCG);
  EXPECT_THAT(RunCommand(server.target(), {"show", "web-1"}).out, HasSubstr("CNTV_CVAL_EL0"));
  // A machine's list is its profile's.
  checkpoint.mutable_source()->set_accelerator(v1::ACCELERATOR_ENGINE);
  checkpoint.mutable_source()->set_cpu_profile("cpuProfiles/k");
  server.handlers.get_cpu_profile = [](const v1::GetCpuProfileRequest& request) {
    EXPECT_EQ(request.name(), "cpuProfiles/k");
    v1::CpuProfile profile;
    profile.set_accelerator(v1::ACCELERATOR_KVM);
    return profile;
  };
  EXPECT_THAT(RunCommand(server.target(), {"show", "web-1"}).out, HasSubstr("TIMER_CNT"));
}

TEST(Show, GapsAreShown) {
  FakeServer server;
  v1::Checkpoint checkpoint;
  checkpoint.mutable_source()->set_accelerator(v1::ACCELERATOR_TCG);
  v1::CaptureGap* gap = checkpoint.add_gaps();
  gap->set_vcpu_index(2);
  gap->set_reason("cut");
  server.handlers.get_checkpoint = [&](const v1::GetCheckpointRequest&) { return checkpoint; };
  EXPECT_THAT(RunCommand(server.target(), {"show", "web-1"}).out, HasSubstr("incomplete: vCPU 2: cut"));
}

}  // namespace
}  // namespace armstate
