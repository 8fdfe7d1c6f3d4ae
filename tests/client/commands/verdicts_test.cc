// validate, plan, restore and machine restore: what ends in a verdict.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "client/commands/checkpoint_file.h"
#include "core/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/commands/run_command.h"
#include "tests/client/fake_server.h"
#include "tests/client/qemu/corpus.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

v1::RestoreReport Refused() {
  v1::RestoreReport report;
  report.set_verdict(v1::REFUSED);
  report.add_notes("the machine types differ");
  v1::VcpuRestoreReport* vcpu = report.add_vcpus();
  vcpu->set_vcpu_index(3);
  vcpu->set_written_count(70);
  vcpu->set_unchanged_count(12);
  v1::RegisterReport* entry = vcpu->add_registers();
  entry->set_name("ACTLR_EL1");
  entry->set_outcome(v1::NOT_IN_CHECKPOINT);
  entry->set_reason("the target keeps its own value");
  entry->set_got(std::string(8, '\0'));
  entry = vcpu->add_registers();
  entry->set_name("MIDR_EL1");
  entry->set_outcome(v1::IGNORED);
  entry->set_wanted(std::string("\x34\xd0\x0f\x41\0\0\0\0", 8));
  entry->set_got(std::string("\x70\xd0\x1f\x41\0\0\0\0", 8));
  entry->set_reason("it cannot be changed there");
  v1::FieldDifference* field = entry->add_fields();
  field->set_field("PartNum");
  field->set_wanted(0xd03);
  field->set_got(0xd07);
  return report;
}

TEST(Validate, AcceptedExitsWith0) {
  FakeServer server;
  server.handlers.validate_checkpoint = [](const v1::ValidateCheckpointRequest& request) {
    EXPECT_EQ(request.checkpoint(), "vms/web-1/checkpoints/latest");
    EXPECT_EQ(request.cpu_profile(), "cpuProfiles/p");
    EXPECT_FALSE(request.all_registers());
    v1::ValidateCheckpointResponse response;
    response.set_checkpoint("vms/web-1/checkpoints/4");
    response.mutable_report()->set_verdict(v1::ACCEPTED);
    response.mutable_report()->add_vcpus()->set_unchanged_count(333);
    return response;
  };
  const CommandResult result = RunCommand(server.target(), {"validate", "web-1", "--target", "p"});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.out,
            "ACCEPTED: vms/web-1/checkpoints/4 on cpuProfiles/p\n"
            "vCPU 0: 0 refused, 0 written, 333 unchanged\n");
}

TEST(Validate, RefusedExitsWith3AndNamesEveryRegister) {
  FakeServer server;
  server.handlers.validate_checkpoint = [](const v1::ValidateCheckpointRequest& request) {
    EXPECT_EQ(request.checkpoint(), "vms/web-1/checkpoints/4");
    EXPECT_TRUE(request.all_registers());
    v1::ValidateCheckpointResponse response;
    response.set_checkpoint(request.checkpoint());
    *response.mutable_report() = Refused();
    return response;
  };
  const CommandResult result =
      RunCommand(server.target(), {"validate", "web-1@4", "--target", "cpuProfiles/p", "--all"});
  EXPECT_EQ(result.exit_status, 3);
  // The refusal stands before what only concerns the user.
  EXPECT_EQ(
      result.out,
      "REFUSED: vms/web-1/checkpoints/4 on cpuProfiles/p\n"
      "note: the machine types differ\n"
      "vCPU 3: 1 refused, 70 written, 12 unchanged\n"
      "  REGISTER  OUTCOME  WANTED              GOT                 WHY\n"
      "  MIDR_EL1  ignored  0x00000000410fd034  0x00000000411fd070  it cannot be changed there (PartNum 0xd03, got "
      "0xd07)\n"
      "  REGISTER   OUTCOME            WANTED  GOT                 WHY\n"
      "  ACTLR_EL1  not in checkpoint  -       0x0000000000000000  the target keeps its own value\n");
  const CommandResult json =
      RunCommand(server.target(), {"validate", "web-1@4", "--target", "p", "--all", "--output=json"});
  EXPECT_EQ(json.exit_status, 3);
  EXPECT_THAT(json.out, AllOf(StartsWith("{"), HasSubstr("\"verdict\": \"REFUSED\""), HasSubstr("\"IGNORED\"")));
}

TEST(Validate, AVerdictThatIsMissingIsNoAcceptance) {
  FakeServer server;
  server.handlers.validate_checkpoint = [](const v1::ValidateCheckpointRequest&) {
    return v1::ValidateCheckpointResponse();
  };
  EXPECT_EQ(RunCommand(server.target(), {"validate", "web-1", "--target", "p"}).exit_status, 3);
}

TEST(Validate, EveryRefusingOutcomeCountsAsRefused) {
  FakeServer server;
  server.handlers.validate_checkpoint = [](const v1::ValidateCheckpointRequest&) {
    v1::ValidateCheckpointResponse response;
    response.mutable_report()->set_verdict(v1::REFUSED);
    v1::VcpuRestoreReport* vcpu = response.mutable_report()->add_vcpus();
    for (int outcome = v1::RegisterOutcome_MIN; outcome <= v1::RegisterOutcome_MAX; ++outcome) {
      vcpu->add_registers()->set_outcome(static_cast<v1::RegisterOutcome>(outcome));
    }
    return response;
  };
  // IGNORED, WRITE_REFUSED, DIFFERS, UNKNOWN and REQUIRED, as restore_service.proto says.
  EXPECT_THAT(RunCommand(server.target(), {"validate", "web-1", "--target", "p"}).out, HasSubstr("vCPU 0: 5 refused"));
}

TEST(Plan, ShowsPhasesWritesAndOmissions) {
  FakeServer server;
  server.handlers.plan_restore = [](const v1::PlanRestoreRequest&) {
    v1::PlanRestoreResponse response;
    response.set_checkpoint("vms/web-1/checkpoints/4");
    v1::RestorePhase* phase = response.add_phases();
    phase->set_phase(2);
    phase->set_name("ID registers");
    phase->set_reason("they are fixed once the VM ran");
    v1::VcpuRestorePlan* vcpu = response.add_vcpus();
    v1::PlannedWrite* write = vcpu->add_writes();
    write->set_name("MIDR_EL1");
    write->set_phase(2);
    write->set_value(std::string("\x34\xd0\x0f\x41\0\0\0\0", 8));
    v1::PlanOmission* omission = vcpu->add_omissions();
    omission->set_name("X0");
    omission->set_reason("not in the checkpoint");
    response.mutable_report()->set_verdict(v1::ACCEPTED_WITH_CHANGES);
    return response;
  };
  const CommandResult result = RunCommand(server.target(), {"plan", "web-1", "--target", "p"});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.out,
            "PHASE  NAME          WHY HERE\n"
            "2      ID registers  they are fixed once the VM ran\n"
            "vCPU 0\n"
            "  PHASE  REGISTER  VALUE\n"
            "  2      MIDR_EL1  0x00000000410fd034\n"
            "  NOT WRITTEN  WHY\n"
            "  X0           not in the checkpoint\n"
            "ACCEPTED WITH CHANGES: vms/web-1/checkpoints/4 on cpuProfiles/p\n");
}

TEST(MachineRestore, RefusedExitsWith3) {
  FakeServer server;
  server.handlers.restore_machine = [](const v1::RestoreMachineRequest& request) {
    EXPECT_EQ(request.machine(), "machines/m1");
    EXPECT_EQ(request.checkpoint(), "vms/web-1/checkpoints/2");
    EXPECT_TRUE(request.keep_going());
    v1::RestoreMachineResponse response;
    response.set_checkpoint(request.checkpoint());
    *response.mutable_report() = Refused();
    response.mutable_report()->mutable_vcpus(0)->mutable_registers(1)->set_put_back_error("stuck");
    return response;
  };
  const CommandResult result = RunCommand(server.target(), {"machine", "restore", "m1", "web-1@2", "--keep-going"});
  EXPECT_EQ(result.exit_status, 3);
  EXPECT_THAT(result.out, StartsWith("REFUSED: vms/web-1/checkpoints/2 into machines/m1\n"));
  EXPECT_THAT(result.out, HasSubstr("; not put back: stuck\n"));
}

std::string WriteFile(const TempDir& dir, const std::string& name, const std::string& content) {
  const std::string path = dir.path() + "/" + name;
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

void Serve(FakeServer& server, const v1::Checkpoint& checkpoint) {
  server.handlers.get_checkpoint = [checkpoint](const v1::GetCheckpointRequest&) {
    v1::Checkpoint answer = checkpoint;
    answer.set_name("vms/web-1/checkpoints/1");
    return answer;
  };
}

v1::Checkpoint Recorded(const std::string& name) {
  const absl::StatusOr<LoadedCheckpointFile> file = LoadCheckpointFile(CorpusStream(name));
  EXPECT_TRUE(file.ok()) << file.status();
  return file->checkpoint;
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

// KVM names registers otherwise: only the server's plan says what to write.
TEST(Restore, ACheckpointOfKvmNeedsAPlan) {
  FakeServer server;
  v1::Checkpoint checkpoint;
  checkpoint.mutable_source()->set_accelerator(v1::KVM);
  v1::VcpuState* vcpu = checkpoint.add_vcpus();
  v1::OpaqueField* power = vcpu->add_opaque_fields();
  power->set_name("kvm.mp_state");
  power->set_data(std::string("\x05\0\0\0", 4));  // stopped
  Serve(server, checkpoint);
  const TempDir dir;
  const std::string stream = CorpusStream("virt.cortex-a53.smp1");
  const std::string into = WriteFile(dir, "fresh.mig", stream);
  const std::string out = dir.path() + "/out.mig";
  const CommandResult without = RunCommand(server.target(), {"restore", "kvm-1", "--into", into, "--out", out});
  EXPECT_EQ(without.exit_status, 1) << without;
  EXPECT_THAT(without.err, HasSubstr("--profile"));

  v1::Verdict verdict = v1::ACCEPTED_WITH_CHANGES;
  server.handlers.plan_restore = [&verdict](const v1::PlanRestoreRequest& request) {
    EXPECT_EQ(request.checkpoint(), "vms/web-1/checkpoints/1");
    EXPECT_EQ(request.cpu_profile(), "cpuProfiles/p");
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
  const absl::StatusOr<LoadedCheckpointFile> after = LoadCheckpointFile(ReadFile(out));
  ASSERT_TRUE(after.ok()) << after.status();
  const v1::VcpuState& restored = after->checkpoint.vcpus(0);
  EXPECT_NE(restored.registers().values().find("\x88\x77\x66\x55\x44\x33\x22\x11"), std::string::npos);
  bool off = false;
  for (const v1::OpaqueField& field : restored.opaque_fields()) off = off || field.name() == "power_state";
  EXPECT_TRUE(off);

  std::filesystem::remove(out);
  verdict = v1::REFUSED;
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
  EXPECT_THAT(json.out, HasSubstr("\"verdict\": \"REFUSED\""));
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
