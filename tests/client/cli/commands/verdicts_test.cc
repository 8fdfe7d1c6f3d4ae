// validate, plan and machine restore: what ends in a verdict.
#include <algorithm>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/cli/commands/run_command.h"
#include "tests/client/fake_server.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

v1::RestoreReport Refused() {
  v1::RestoreReport report;
  report.set_verdict(v1::VERDICT_REFUSED);
  report.add_notes("the machine types differ");
  v1::VcpuRestoreReport* vcpu = report.add_vcpus();
  vcpu->set_vcpu_index(3);
  vcpu->set_written_count(70);
  vcpu->set_unchanged_count(12);
  v1::RegisterReport* entry = vcpu->add_registers();
  entry->set_name("ACTLR_EL1");
  entry->set_outcome(v1::REGISTER_OUTCOME_NOT_IN_CHECKPOINT);
  entry->set_reason("the target keeps its own value");
  entry->set_got(std::string(8, '\0'));
  entry = vcpu->add_registers();
  entry->set_name("MIDR_EL1");
  entry->set_outcome(v1::REGISTER_OUTCOME_IGNORED);
  entry->set_verdict(v1::VERDICT_REFUSED);
  entry->set_wanted(std::string("\x34\xd0\x0f\x41\0\0\0\0", 8));
  entry->set_got(std::string("\x70\xd0\x1f\x41\0\0\0\0", 8));
  entry->set_reason("it cannot be changed there");
  v1::FieldDifference* field = entry->add_fields();
  field->set_field("PartNum");
  field->set_wanted(0xd03);
  field->set_got(0xd07);
  return report;
}

// However much is wrong with a restore, the summary fits on a terminal, and begins with the causes.
TEST(Validate, ASummaryHasAtMost25Lines) {
  FakeServer server;
  server.handlers.validate_checkpoint = [](const v1::ValidateCheckpointRequest&) {
    v1::ValidateCheckpointResponse response;
    response.set_checkpoint("vms/web-1/checkpoints/4");
    v1::RestoreReport& report = *response.mutable_report();
    report.set_verdict(v1::VERDICT_REFUSED);
    for (int i = 0; i < 20; ++i) {
      v1::Advice* advice = report.add_advice();
      advice->set_kind(i < 3 ? v1::ADVICE_KIND_CAUSE : v1::ADVICE_KIND_CONSEQUENCE);
      advice->set_sentence("sentence " + std::to_string(i));
      advice->set_action("action");
      advice->add_vcpu_indexes(0);
    }
    for (int i = 0; i < 10; ++i) {
      v1::VcpuRestoreReport* vcpu = report.add_vcpus();
      vcpu->set_vcpu_index(i);
      vcpu->set_written_count(i);
      for (int k = 0; k < 30; ++k) {
        v1::RegisterReport* entry = vcpu->add_registers();
        entry->set_register_id(k);
        entry->set_name("R" + std::to_string(k));
        entry->set_reason("reason " + std::to_string(k));
        entry->set_outcome(k < 15 ? v1::REGISTER_OUTCOME_IGNORED : v1::REGISTER_OUTCOME_NOT_IN_CHECKPOINT);
        entry->set_verdict(k < 15 ? v1::VERDICT_REFUSED : v1::VERDICT_ACCEPTED_WITH_CHANGES);
        entry->set_advice("do something");
      }
    }
    return response;
  };
  const std::string out = RunCommand(server.target(), {"validate", "web-1", "--target", "p"}).out;
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 25) << out;
  EXPECT_THAT(out, AllOf(HasSubstr("cause: sentence 0 (vCPU 0)\n  -> action\ncause: sentence 1 "),
                         HasSubstr("vCPU 2: 15 refused, 2 written, 0 unchanged\nvCPUs 3 to 9: see --details\n"),
                         HasSubstr(" more remarks: --details shows them\n"), HasSubstr("  R0: ignored, vCPUs 0 to 9"),
                         HasSubstr("and 13 more registers that are in the way: --details shows them\n")));
  const std::string all = RunCommand(server.target(), {"validate", "web-1", "--target", "p", "--details"}).out;
  EXPECT_THAT(all, AllOf(HasSubstr("sentence 19"), HasSubstr("vCPU 9: 15 refused, 9 written"), HasSubstr("  R14: "),
                         HasSubstr("R29")));
}

TEST(Validate, AcceptedExitsWith0) {
  FakeServer server;
  server.handlers.validate_checkpoint = [](const v1::ValidateCheckpointRequest& request) {
    EXPECT_EQ(request.checkpoint(), "vms/web-1/checkpoints/latest");
    EXPECT_EQ(request.target().cpu_profile(), "cpuProfiles/p");
    EXPECT_FALSE(request.ignore_server_tolerances());
    EXPECT_FALSE(request.all_registers());
    v1::ValidateCheckpointResponse response;
    response.set_checkpoint("vms/web-1/checkpoints/4");
    response.mutable_report()->set_verdict(v1::VERDICT_ACCEPTED);
    response.mutable_report()->add_vcpus()->set_unchanged_count(333);
    return response;
  };
  const CommandResult result = RunCommand(server.target(), {"validate", "web-1", "--target", "p"});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.out,
            "ACCEPTED: vms/web-1/checkpoints/4 on cpuProfiles/p\n"
            "vCPU 0: 0 refused, 0 written, 333 unchanged\n");
}

TEST(Validate, SaysWhoseRestoreItIsAbout) {
  FakeServer server;
  server.handlers.validate_checkpoint = [](const v1::ValidateCheckpointRequest& request) {
    v1::ValidateCheckpointResponse response;
    response.set_checkpoint("vms/web-1/checkpoints/4");
    response.mutable_report()->set_verdict(v1::VERDICT_ACCEPTED);
    response.mutable_report()->set_by(request.by());
    return response;
  };
  const std::string first = "ACCEPTED: vms/web-1/checkpoints/4 on hosts/h\n";
  const CommandResult qemu = RunCommand(server.target(), {"validate", "web-1", "--host", "h", "--by", "qemu"});
  EXPECT_EQ(qemu.out, first + "judged as QEMU's own load of the stream, as it is\n");
  const CommandResult ours = RunCommand(server.target(), {"validate", "web-1", "--host", "h"});
  EXPECT_EQ(ours.out, first + "judged as armstate's own restore, which reads every register back\n");
  EXPECT_EQ(RunCommand(server.target(), {"validate", "web-1", "--host", "h", "--by", "libvirt"}).exit_status, 2);
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
  EXPECT_EQ(result.out,
            "REFUSED: vms/web-1/checkpoints/4 on cpuProfiles/p\n"
            "note: the machine types differ\n"
            "vCPU 3: 1 refused, 70 written, 12 unchanged\n"
            "  MIDR_EL1: ignored, vCPU 3\n"
            "    wanted 0x00000000410fd034, target has 0x00000000411fd070\n"
            "    PartNum: wanted 3331, target has 3335\n"
            "    it cannot be changed there\n"
            "  REGISTER   OUTCOME            WANTED  GOT                 WHY\n"
            "  ACTLR_EL1  not in checkpoint  -       0x0000000000000000  the target keeps its own value\n");
  const CommandResult json =
      RunCommand(server.target(), {"validate", "web-1@4", "--target", "p", "--all", "--output=json"});
  EXPECT_EQ(json.exit_status, 3);
  EXPECT_THAT(json.out, AllOf(StartsWith("{"), HasSubstr("\"verdict\": \"VERDICT_REFUSED\""),
                              HasSubstr("\"REGISTER_OUTCOME_IGNORED\"")));
}

// A cause stands for the registers that it explains, and a tolerance for those that it covers.
TEST(Validate, CausesComeBeforeTheirSymptoms) {
  FakeServer server;
  server.handlers.validate_checkpoint = [](const v1::ValidateCheckpointRequest&) {
    v1::ValidateCheckpointResponse response;
    response.set_checkpoint("vms/web-1/checkpoints/4");
    v1::RestoreReport& report = *response.mutable_report();
    report.set_verdict(v1::VERDICT_REFUSED);
    v1::Advice* cause = report.add_advice();
    cause->set_kind(v1::ADVICE_KIND_CAUSE);
    cause->set_severity(v1::ADVICE_SEVERITY_WARNING);
    cause->set_sentence("needs keys");
    cause->set_action("get keys");
    v1::Advice* consequence = report.add_advice();
    consequence->set_kind(v1::ADVICE_KIND_CONSEQUENCE);
    consequence->set_severity(v1::ADVICE_SEVERITY_WARNING);
    consequence->set_sentence("runs faster");
    for (int vcpu = 0; vcpu < 2; ++vcpu) {
      cause->add_vcpu_indexes(vcpu);
      v1::VcpuRestoreReport* entry = report.add_vcpus();
      entry->set_vcpu_index(vcpu);
      for (const uint64_t id : {1, 2, 3, 4, 5}) {
        v1::RegisterReport* finding = entry->add_registers();
        finding->set_register_id(id);
        finding->set_name("R" + std::to_string(id));
        finding->set_outcome(v1::REGISTER_OUTCOME_UNKNOWN);
        finding->set_wanted("\1");
        finding->set_verdict(id > 3 ? v1::VERDICT_ACCEPTED_WITH_CHANGES : v1::VERDICT_REFUSED);
        if (id > 3) finding->set_tolerance("harmless");
      }
    }
    consequence->add_vcpu_indexes(1);
    for (const uint64_t id : {1, 2}) cause->add_register_ids(id);
    return response;
  };
  const std::string head =
      "REFUSED: vms/web-1/checkpoints/4 on cpuProfiles/p\n"
      "vCPUs 0 and 1: 3 refused, 0 written, 0 unchanged\n"
      "cause: needs keys (2 registers of vCPUs 0 and 1)\n"
      "  -> get keys\n"
      "warning: runs faster (vCPU 1)\n";
  EXPECT_EQ(RunCommand(server.target(), {"validate", "web-1", "--target", "p"}).out,
            head +
                "  R3: unknown, vCPUs 0 and 1\n"
                "    wanted 0x01\n"
                "  REGISTER       VCPUS    OUTCOME  WANTED  GOT  WHY\n"
                "  R4 and 1 more  0 and 1  unknown                [harmless]\n");
  EXPECT_EQ(RunCommand(server.target(), {"validate", "web-1", "--target", "p", "--details"}).out,
            head +
                "  R1: unknown, vCPUs 0 and 1\n"
                "    wanted 0x01\n"
                "  R2: unknown, vCPUs 0 and 1\n"
                "    wanted 0x01\n"
                "  R3: unknown, vCPUs 0 and 1\n"
                "    wanted 0x01\n"
                "  REGISTER  VCPUS    OUTCOME  WANTED  GOT  WHY\n"
                "  R4        0 and 1  unknown  0x01    -     [harmless]\n"
                "  R5        0 and 1  unknown  0x01    -     [harmless]\n");
}

// What all vCPUs share stands there once; of the fields, those that the target does not take.
TEST(Validate, AHostsAnswerReadsLikeAnEngineers) {
  FakeServer server;
  server.handlers.validate_checkpoint = [](const v1::ValidateCheckpointRequest& request) {
    EXPECT_EQ(request.target().host(), "hosts/n1");
    EXPECT_TRUE(request.ignore_server_tolerances());
    EXPECT_EQ(request.tolerances_size(), 1);
    v1::ValidateCheckpointResponse response;
    response.set_checkpoint("vms/web-1/checkpoints/4");
    v1::RestoreReport& report = *response.mutable_report();
    report.set_verdict(v1::VERDICT_REFUSED);
    report.set_cpu_profile("cpuProfiles/n1.pmu");
    v1::MissingVcpuFeature* missing = report.add_missing_vcpu_features();
    missing->set_feature("sve");
    missing->set_call("KVM_ARM_VCPU_INIT");
    missing->set_error("EINVAL");
    for (int vcpu = 0; vcpu < 3; ++vcpu) {
      v1::VcpuRestoreReport* entry = report.add_vcpus();
      entry->set_vcpu_index(vcpu);
      v1::RegisterReport* finding = entry->add_registers();
      finding->set_name("ID_AA64PFR0_EL1");
      finding->set_outcome(v1::REGISTER_OUTCOME_WRITE_REFUSED);
      finding->set_verdict(v1::VERDICT_REFUSED);
      finding->set_error("EINVAL");
      finding->set_wanted(std::string(8, '\x02'));
      finding->set_got(std::string(8, '\x01'));
      finding->set_reason("the target accepts EL1 as 0 or 1");
      finding->set_advice("start the VM with EL1 = 1");
      v1::FieldDifference* field = finding->add_fields();
      field->set_field("CSV2");
      field->set_got(1);
      field->add_accepted(0);
      field->add_accepted(1);
      field = finding->add_fields();
      field->set_field("EL1");
      field->set_wanted(2);
      field->set_wanted_meaning("AArch64 and AArch32");
      field->set_got(1);
      field->set_got_meaning("AArch64");
      field->add_accepted(0);
      field->add_accepted(1);
      finding = entry->add_registers();
      finding->set_name("TCR2_EL1");
      finding->set_outcome(v1::REGISTER_OUTCOME_UNKNOWN);
      finding->set_wanted(std::string(8, '\0'));
      finding->set_reason("the guest cannot use it");
      finding->set_tolerance("hidden-tcr2");
    }
    return response;
  };
  TempDir folder;
  const std::string file = folder.path() + "/own.textproto";
  std::ofstream(file) << "tolerances { name: \"mine\" }";
  const CommandResult result =
      RunCommand(server.target(), {"validate", "web-1", "--host", "n1", "--tolerate", file, "--strict"});
  EXPECT_EQ(result.exit_status, 3);
  EXPECT_EQ(result.out,
            "REFUSED: vms/web-1/checkpoints/4 on hosts/n1 (cpuProfiles/n1.pmu)\n"
            "the target has no vCPU feature sve: KVM_ARM_VCPU_INIT answers EINVAL; start the VM without it\n"
            "vCPUs 0 to 2: 1 refused, 0 written, 0 unchanged\n"
            "  ID_AA64PFR0_EL1: write refused with EINVAL, vCPUs 0 to 2\n"
            "    wanted 0x0202020202020202, target has 0x0101010101010101\n"
            "    EL1: wanted 2 (AArch64 and AArch32), target has 1 (AArch64), accepts 0 or 1\n"
            "    -> start the VM with EL1 = 1\n"
            "  REGISTER  VCPUS   OUTCOME  WANTED              GOT  WHY\n"
            "  TCR2_EL1  0 to 2  unknown  0x0000000000000000  -    the guest cannot use it [hidden-tcr2]\n");
  std::ofstream(file) << "tolerances { name: 5 }";
  const CommandResult malformed =
      RunCommand(server.target(), {"validate", "web-1", "--host", "n1", "--tolerate", file});
  EXPECT_EQ(malformed.exit_status, 2);
  EXPECT_THAT(malformed.err, HasSubstr("own.textproto: line 1, column "));
}

TEST(Validate, TakesExactlyOneTarget) {
  FakeServer server;
  EXPECT_EQ(RunCommand(server.target(), {"validate", "web-1"}).exit_status, 2);
  EXPECT_EQ(RunCommand(server.target(), {"validate", "web-1", "--target", "p", "--host", "h"}).exit_status, 2);
}

TEST(Validate, AVerdictThatIsMissingIsNoAcceptance) {
  FakeServer server;
  server.handlers.validate_checkpoint = [](const v1::ValidateCheckpointRequest&) {
    return v1::ValidateCheckpointResponse();
  };
  EXPECT_EQ(RunCommand(server.target(), {"validate", "web-1", "--target", "p"}).exit_status, 3);
}

// Which registers refuse is the server's to say: of two with one outcome, one may and the other not.
TEST(Validate, CountsWhatTheServerSaysRefuses) {
  FakeServer server;
  server.handlers.validate_checkpoint = [](const v1::ValidateCheckpointRequest&) {
    v1::ValidateCheckpointResponse response;
    response.mutable_report()->set_verdict(v1::VERDICT_REFUSED);
    v1::VcpuRestoreReport* vcpu = response.mutable_report()->add_vcpus();
    for (const v1::Verdict verdict : {v1::VERDICT_REFUSED, v1::VERDICT_ACCEPTED_WITH_CHANGES, v1::VERDICT_REFUSED}) {
      v1::RegisterReport* entry = vcpu->add_registers();
      entry->set_register_id(vcpu->registers_size());
      entry->set_name("R" + std::to_string(vcpu->registers_size()));
      entry->set_outcome(v1::REGISTER_OUTCOME_NOT_IN_CHECKPOINT);
      entry->set_verdict(verdict);
    }
    return response;
  };
  const std::string out = RunCommand(server.target(), {"validate", "web-1", "--target", "p"}).out;
  EXPECT_THAT(out, AllOf(HasSubstr("vCPU 0: 2 refused"), HasSubstr("  R1: not in checkpoint, vCPU 0"),
                         HasSubstr("  R3: not in checkpoint, vCPU 0"), HasSubstr("\n  R2 ")));
}

// Counters of vCPUs always differ.
TEST(Validate, AFindingOfSeveralVcpusIsOneWhateverItsValues) {
  FakeServer server;
  server.handlers.validate_checkpoint = [](const v1::ValidateCheckpointRequest&) {
    v1::ValidateCheckpointResponse response;
    response.mutable_report()->set_verdict(v1::VERDICT_REFUSED);
    for (int i = 0; i < 5; ++i) {
      v1::VcpuRestoreReport* vcpu = response.mutable_report()->add_vcpus();
      vcpu->set_vcpu_index(i);
      v1::RegisterReport* entry = vcpu->add_registers();
      entry->set_name("CNTPCT_EL0");
      entry->set_outcome(v1::REGISTER_OUTCOME_UNKNOWN);
      entry->set_verdict(v1::VERDICT_REFUSED);
      entry->set_wanted(std::string(1, static_cast<char>(i < 3 ? 7 : i)));
      entry->set_reason("no such register");
    }
    return response;
  };
  const std::string head = "  CNTPCT_EL0: unknown, vCPUs 0 to 4\n    wanted 0x07, vCPUs 0 to 2\n";
  EXPECT_THAT(RunCommand(server.target(), {"validate", "web-1", "--target", "p"}).out,
              HasSubstr(head + "    wanted 0x03, vCPU 3\n"
                               "    other values on other vCPUs: --details shows them\n"
                               "    no such register\n"));
  EXPECT_THAT(RunCommand(server.target(), {"validate", "web-1", "--target", "p", "--details"}).out,
              HasSubstr(head + "    wanted 0x03, vCPU 3\n"
                               "    wanted 0x04, vCPU 4\n"
                               "    no such register\n"));
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
    response.mutable_report()->set_verdict(v1::VERDICT_ACCEPTED_WITH_CHANGES);
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
  EXPECT_THAT(result.out, HasSubstr("    not put back: stuck\n"));
}

}  // namespace
}  // namespace armstate
