// restore --into: a checkpoint into the stream of another QEMU.
#include <filesystem>
#include <fstream>
#include <string>

#include "client/cli/files/checkpoint_file.h"
#include "client/qemu/stream/migration_stream.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/register_list_conversion.h"
#include "tests/client/cli/commands/run_command.h"
#include "tests/client/fake_server.h"
#include "tests/client/qemu/corpus.h"
#include "tests/testing/temp_dir.h"
#include "tests/testing/whole_file.h"

namespace armstate {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

void Serve(FakeServer& server, const v1::Checkpoint& checkpoint) {
  server.handlers.get_checkpoint = [checkpoint](const v1::GetCheckpointRequest&) {
    v1::Checkpoint answer = checkpoint;
    answer.set_name("vms/web-1/checkpoints/1");
    return answer;
  };
  server.handlers.convert_checkpoint = [checkpoint](const v1::ConvertCheckpointRequest& request) {
    EXPECT_EQ(request.checkpoint(), "vms/web-1/checkpoints/1");
    EXPECT_EQ(request.target().lists().accelerator(), v1::ACCELERATOR_TCG);
    EXPECT_EQ(request.target().lists().machine_type(), "virt-7.2");
    EXPECT_TRUE(request.same_cpu_model());
    v1::ConvertCheckpointResponse answer;
    answer.mutable_report()->set_verdict(v1::VERDICT_ACCEPTED);
    for (const v1::VcpuState& vcpu : checkpoint.vcpus()) *answer.add_vcpus()->mutable_registers() = vcpu.registers();
    return answer;
  };
}

v1::Checkpoint Recorded(const std::string& name) {
  absl::StatusOr<QemuCapture> capture = CaptureQemuStream(CorpusStream(name));
  EXPECT_TRUE(capture.ok()) << capture.status();
  return CheckpointOfCapture(*std::move(capture)).checkpoint;
}

TEST(Restore, IntoItsOwnStreamChangesNothing) {
  FakeServer server;
  Serve(server, Recorded("virt.cortex-a53.smp2"));
  const TempDir dir;
  const std::string stream = CorpusStream("virt.cortex-a53.smp2");
  const std::string into = WriteFile(dir, "fresh.mig", stream);
  const std::string out = dir.path() + "/out.mig";
  const CommandResult result = RunCommand(server.target(), {"restore", "web-1", "--into", into, "--out", out});
  EXPECT_EQ(result.exit_status, 0) << result;
  EXPECT_THAT(result.out, StartsWith("ACCEPTED: vms/web-1/checkpoints/1 into " + into));
  EXPECT_TRUE(ReadFile(out) == stream);
}

TEST(Restore, PutsTheCheckpointsValueIntoTheStream) {
  FakeServer server;
  const std::string stream = CorpusStream("virt.cortex-a53.smp2");
  v1::Checkpoint checkpoint = Recorded("virt.cortex-a53.smp2");
  // Another TPIDR_EL0 for vCPU 1: the recorded one is 0x1111000011110001.
  v1::RegisterList* list = checkpoint.mutable_vcpus(1)->mutable_registers();
  std::string values = list->values();
  const size_t at = values.find(std::string("\x01\x00\x11\x11\x00\x00\x11\x11", 8));
  ASSERT_NE(at, std::string::npos);
  for (size_t i = at; i != std::string::npos; i = values.find(std::string("\x01\x00\x11\x11\x00\x00\x11\x11", 8), i)) {
    values.replace(i, 8, "\x88\x77\x66\x55\x44\x33\x22\x11");
  }
  list->set_values(values);
  Serve(server, checkpoint);
  const TempDir dir;
  const std::string into = WriteFile(dir, "fresh.mig", stream);
  const std::string out = dir.path() + "/out.mig";
  const CommandResult result = RunCommand(server.target(), {"restore", "web-1", "--into", into, "--out", out});
  EXPECT_EQ(result.exit_status, 0) << result;
  const std::string patched = ReadFile(out);
  EXPECT_EQ(patched.size(), stream.size());
  // QEMU's streams are big-endian.
  EXPECT_NE(patched.find("\x11\x22\x33\x44\x55\x66\x77\x88"), std::string::npos);
}

TEST(Restore, WhatTheServerRefusesIsNotWritten) {
  FakeServer server;
  Serve(server, Recorded("virt.cortex-a53.smp1"));
  server.handlers.convert_checkpoint = [](const v1::ConvertCheckpointRequest& request) {
    EXPECT_TRUE(request.ignore_server_tolerances());
    EXPECT_EQ(request.target().lists().vcpus_size(), 1);
    EXPECT_THAT(request.accept(), testing::ElementsAre("state-lost"));
    v1::ConvertCheckpointResponse answer;
    answer.mutable_report()->set_verdict(v1::VERDICT_REFUSED);
    return answer;
  };
  const TempDir dir;
  const std::string into = WriteFile(dir, "fresh.mig", CorpusStream("virt.cortex-a53.smp1"));
  const std::string out = dir.path() + "/out.mig";
  const CommandResult result = RunCommand(
      server.target(), {"restore", "web-1", "--into", into, "--out", out, "--strict", "--accept", "state-lost"});
  EXPECT_EQ(result.exit_status, 3) << result;
  EXPECT_FALSE(std::filesystem::exists(out));
}

TEST(Restore, TheTargetKeepsWhatTheServerLeavesOut) {
  FakeServer server;
  v1::Checkpoint checkpoint = Recorded("virt.cortex-a53.smp1");
  Serve(server, checkpoint);
  server.handlers.convert_checkpoint = [checkpoint](const v1::ConvertCheckpointRequest&) {
    v1::ConvertCheckpointResponse answer;
    answer.mutable_report()->set_verdict(v1::VERDICT_ACCEPTED_WITH_CHANGES);
    const absl::StatusOr<RegisterList> all = RegisterListFromProto(v1::RegisterList(checkpoint.vcpus(0).registers()));
    RegisterListBuilder kept;
    for (size_t i = 0; i < all->size(); ++i) {
      if (all->id(i).raw() != 0x603000000013de82) kept.AddBytes(all->id(i), std::string(all->value(i)));  // TPIDR_EL0
    }
    RegisterListToProto(*std::move(kept).Build(), *answer.add_vcpus()->mutable_registers());
    return answer;
  };
  std::string stream = CorpusStream("virt.cortex-a53.smp1");
  const v1::RegisterList& list = checkpoint.vcpus(0).registers();
  const absl::StatusOr<RegisterList> registers = RegisterListFromProto(v1::RegisterList(list));
  ASSERT_TRUE(registers.ok()) << registers.status();
  const absl::optional<absl::string_view> value = registers->Find(*RegisterId::Create(0x603000000013de82));
  ASSERT_TRUE(value.has_value());
  const std::string wanted(value->rbegin(), value->rend()), own(8, 0x77);
  size_t replaced = 0;
  for (size_t at = stream.find(wanted); at != std::string::npos; at = stream.find(wanted, at), ++replaced) {
    stream.replace(at, 8, own);
  }
  ASSERT_GE(replaced, 1u);
  const TempDir dir;
  const std::string into = WriteFile(dir, "fresh.mig", stream);
  const std::string out = dir.path() + "/out.mig";
  const CommandResult result = RunCommand(server.target(), {"restore", "web-1", "--into", into, "--out", out});
  EXPECT_EQ(result.exit_status, 0) << result;
  EXPECT_NE(ReadFile(out).find(own), std::string::npos);
}

// A VM that was never started may be in no processor mode.
TEST(Restore, ATargetWithoutAModeGetsTheCheckpoints) {
  FakeServer server;
  Serve(server, Recorded("virt.cortex-a15.smp1"));
  const std::string stream = CorpusStream("virt.cortex-a15.smp1");
  std::string fresh = stream;
  const absl::StatusOr<MigrationStream> outline = ParseMigrationStream(fresh);
  ASSERT_TRUE(outline.ok()) << outline.status();
  fresh.replace(outline->vcpus[0].header.payload + 328, 4, std::string(4, '\0'));
  const TempDir dir;
  const std::string into = WriteFile(dir, "fresh.mig", fresh);
  const std::string out = dir.path() + "/out.mig";
  const CommandResult result = RunCommand(server.target(), {"restore", "web-1", "--into", into, "--out", out});
  EXPECT_EQ(result.exit_status, 0) << result;
  EXPECT_TRUE(ReadFile(out) == stream);
}

// KVM names registers otherwise: only the server's plan says what to write.
TEST(Restore, ACheckpointOfKvmIsRestoredByAPlan) {
  FakeServer server;
  v1::Checkpoint checkpoint;
  checkpoint.mutable_source()->set_accelerator(v1::ACCELERATOR_KVM);
  v1::VcpuState* vcpu = checkpoint.add_vcpus();
  vcpu->mutable_registers()->add_ids(0x603000000013de82);
  vcpu->mutable_registers()->set_values(std::string(8, 1));
  v1::OpaqueField* power = vcpu->add_opaque_fields();
  power->set_name("kvm.mp_state");
  power->set_data(std::string("\x05\0\0\0", 4));  // stopped
  Serve(server, checkpoint);
  const TempDir dir;
  const std::string stream = CorpusStream("virt.cortex-a53.smp1");
  const std::string into = WriteFile(dir, "fresh.mig", stream);
  const std::string out = dir.path() + "/out.mig";
  v1::Verdict verdict = v1::VERDICT_ACCEPTED_WITH_CHANGES;
  server.handlers.plan_restore = [&verdict](const v1::PlanRestoreRequest& request) {
    EXPECT_EQ(request.checkpoint(), "vms/web-1/checkpoints/1");
    EXPECT_EQ(request.target().cpu_profile(), "cpuProfiles/p");
    v1::PlanRestoreResponse plan;
    v1::PlannedWrite* write = plan.add_vcpus()->add_writes();
    write->set_register_id(0x603000000013de82);  // TPIDR_EL0
    write->set_value("\x88\x77\x66\x55\x44\x33\x22\x11");
    plan.mutable_report()->set_verdict(verdict);
    return plan;
  };
  const std::vector<std::string> with = {"restore", "kvm-1", "--profile", "p", "--into", into, "--out", out};
  const CommandResult planned = RunCommand(server.target(), with);
  EXPECT_EQ(planned.exit_status, 0) << planned;
  EXPECT_THAT(planned.out, StartsWith("ACCEPTED WITH CHANGES"));
  const absl::StatusOr<LoadedCheckpointFile> after = LoadCheckpointFile(out);
  ASSERT_TRUE(after.ok()) << after.status();
  const v1::VcpuState& restored = after->checkpoint.vcpus(0);
  EXPECT_NE(restored.registers().values().find("\x88\x77\x66\x55\x44\x33\x22\x11"), std::string::npos);
  bool off = false;
  for (const v1::OpaqueField& field : restored.opaque_fields()) off = off || field.name() == "power_state";
  EXPECT_TRUE(off);

  std::filesystem::remove(out);
  verdict = v1::VERDICT_REFUSED;
  EXPECT_EQ(RunCommand(server.target(), with).exit_status, 3);
  EXPECT_FALSE(std::filesystem::exists(out));
}

TEST(Restore, RefusedWritesNothing) {
  FakeServer server;
  Serve(server, Recorded("virt.cortex-a57.smp1"));
  const TempDir dir;
  const std::string into = WriteFile(dir, "fresh.mig", CorpusStream("virt.cortex-a15.smp1"));
  const std::string out = dir.path() + "/out.mig";
  const CommandResult result = RunCommand(server.target(), {"restore", "web-1", "--into", into, "--out", out});
  EXPECT_EQ(result.exit_status, 3) << result;
  EXPECT_THAT(result.out, AllOf(StartsWith("REFUSED"), HasSubstr("unknown"), Not(HasSubstr("written\n"))));
  EXPECT_FALSE(std::filesystem::exists(out));
  const CommandResult json =
      RunCommand(server.target(), {"restore", "web-1", "--into", into, "--out", out, "--output=json"});
  EXPECT_EQ(json.exit_status, 3);
  EXPECT_THAT(json.out, HasSubstr("\"verdict\": \"VERDICT_REFUSED\""));
}

TEST(Restore, AnotherNumberOfVcpusIsAnError) {
  FakeServer server;
  Serve(server, Recorded("virt.cortex-a53.smp2"));
  const TempDir dir;
  const std::string into = WriteFile(dir, "fresh.mig", CorpusStream("virt.cortex-a53.smp1"));
  const CommandResult result =
      RunCommand(server.target(), {"restore", "web-1", "--into", into, "--out", dir.path() + "/out.mig"});
  EXPECT_EQ(result.exit_status, 1) << result;
  EXPECT_THAT(result.err, StartsWith("armstate: " + into + ": "));
}

TEST(Restore, DoesNotReplaceAFileUnasked) {
  FakeServer server;
  Serve(server, Recorded("virt.cortex-a53.smp1"));
  const TempDir dir;
  const std::string into = WriteFile(dir, "fresh.mig", CorpusStream("virt.cortex-a53.smp1"));
  const std::string out = WriteFile(dir, "out.mig", "precious");
  EXPECT_EQ(RunCommand(server.target(), {"restore", "web-1", "--into", into, "--out", out}).exit_status, 1);
  EXPECT_EQ(ReadFile(out), "precious");
  EXPECT_EQ(RunCommand(server.target(), {"restore", "web-1", "--into", into, "--out", out, "--force"}).exit_status, 0);
  EXPECT_TRUE(ReadFile(out) == CorpusStream("virt.cortex-a53.smp1"));
}

}  // namespace
}  // namespace armstate
