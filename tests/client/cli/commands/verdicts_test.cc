// validate, plan, restore and machine restore: what ends in a verdict.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "client/cli/files/checkpoint_file.h"
#include "client/qemu/stream/migration_stream.h"
#include "core/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/register_list_conversion.h"
#include "tests/client/cli/commands/run_command.h"
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
    EXPECT_EQ(request.target().cpu_profile(), "cpuProfiles/p");
    EXPECT_FALSE(request.strict());
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

// What all vCPUs share stands there once; of the fields, those that the target does not take.
TEST(Validate, AHostsAnswerReadsLikeAnEngineers) {
  FakeServer server;
  server.handlers.validate_checkpoint = [](const v1::ValidateCheckpointRequest& request) {
    EXPECT_EQ(request.target().host(), "hosts/n1");
    EXPECT_TRUE(request.strict());
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

TEST(Targets, ShowsALineForEachHost) {
  FakeServer server;
  server.handlers.find_restore_targets = [](const v1::FindRestoreTargetsRequest& request) {
    EXPECT_EQ(request.checkpoint(), "vms/web-1/checkpoints/3");
    EXPECT_EQ(request.labels().at("zone"), "a");
    v1::FindRestoreTargetsResponse response;
    response.set_checkpoint(request.checkpoint());
    if (request.accepting_only()) return response;
    v1::RestoreTargetVerdict* target = response.add_targets();
    target->set_host("hosts/n1");
    target->set_verdict(v1::VERDICT_REFUSED);
    target->set_refused_count(8);
    target->set_reason("ID_AA64PFR0_EL1.CSV2 wanted 1, accepts 0; and 3 more registers");
    return response;
  };
  CommandResult result = RunCommand(server.target(), {"targets", "web-1@3", "--label", "zone=a"});
  EXPECT_EQ(result.exit_status, 3) << "no host accepts";
  EXPECT_EQ(result.out,
            "HOST  VERDICT  REFUSED  CHANGED  WHY\n"
            "n1    REFUSED  8        0        ID_AA64PFR0_EL1.CSV2 wanted 1, accepts 0; and 3 more registers\n");
  server.handlers.list_hosts = [](const v1::ListHostsRequest& /*request*/) {
    v1::ListHostsResponse response;
    response.add_hosts()->set_name("hosts/n1");
    return response;
  };
  result = RunCommand(server.target(), {"targets", "web-1@3", "--label", "zone=a", "--accepting"});
  EXPECT_EQ(result.exit_status, 3);
  EXPECT_EQ(result.out, "no host with these labels accepts vms/web-1/checkpoints/3\n");
}

TEST(Targets, WithoutRegisteredHostsIsNoRefusal) {
  FakeServer server;
  server.handlers.find_restore_targets = [](const v1::FindRestoreTargetsRequest& request) {
    v1::FindRestoreTargetsResponse response;
    response.set_checkpoint(request.checkpoint());
    return response;
  };
  server.handlers.list_hosts = [](const v1::ListHostsRequest& /*request*/) { return v1::ListHostsResponse(); };
  CommandResult result = RunCommand(server.target(), {"targets", "web-1@3"});
  EXPECT_EQ(result.exit_status, 0) << result;
  EXPECT_EQ(result.out, "no host is registered; 'armstate host create' registers one\n");
  result = RunCommand(server.target(), {"targets", "web-1@3", "--output=json"});
  EXPECT_EQ(result.exit_status, 0) << result;
}

TEST(Baseline, ShowsValuesAndWhatStaysInTheWay) {
  FakeServer server;
  server.handlers.compute_baseline = [](const v1::ComputeBaselineRequest& request) {
    EXPECT_EQ(request.targets(0).host(), "hosts/a");
    EXPECT_EQ(request.targets(1).cpu_profile(), "cpuProfiles/b");
    EXPECT_EQ(request.vcpu_features_size(), 2);
    v1::ComputeBaselineResponse response;
    response.add_vcpu_features("pmu_v3");
    v1::BaselineRegister* found = response.add_registers();
    found->set_name("ID_AA64PFR0_EL1");
    found->set_value(std::string("\x11\0\0\0\0\0\0\0", 8));
    found->add_written_on("hosts/a");
    v1::BaselineObstacle* obstacle = response.add_obstacles();
    obstacle->set_name("ID_AA64MMFR1_EL1");
    obstacle->set_field("VH");
    obstacle->set_reason("it takes only 1");
    obstacle->add_targets("cpuProfiles/b");
    return response;
  };
  const CommandResult result =
      RunCommand(server.target(), {"baseline", "a", "cpuProfiles/b", "--features", "psci,pmu"});
  EXPECT_EQ(result.exit_status, 3);
  EXPECT_EQ(result.out,
            "vCPU features: pmu_v3\n"
            "REGISTER         VALUE               TO BE WRITTEN ON\n"
            "ID_AA64PFR0_EL1  0x0000000000000011  a\n"
            "No VM can move among all of them:\n"
            "  REGISTER             TARGETS  WHY\n"
            "  ID_AA64MMFR1_EL1.VH  b        it takes only 1\n");
}

TEST(Report, ShowsWhatWasNotAsPredicted) {
  FakeServer server;
  server.handlers.report_restore = [](const v1::ReportRestoreRequest& request) {
    EXPECT_EQ(request.target().host(), "hosts/n1");
    EXPECT_EQ(request.report().verdict(), v1::VERDICT_REFUSED);
    v1::RestoreRecord record;
    record.set_name("vms/web-1/checkpoints/3/restores/1");
    *record.mutable_target() = request.target();
    *record.mutable_report() = request.report();
    v1::PredictionDifference* difference = record.add_differences();
    difference->set_name("MIDR_EL1");
    difference->set_predicted(v1::REGISTER_OUTCOME_WRITTEN);
    difference->set_actual(v1::REGISTER_OUTCOME_WRITE_REFUSED);
    difference->set_actual_error("EINVAL");
    difference->set_actual_got(std::string(8, '\1'));
    return record;
  };
  server.handlers.list_restores = [](const v1::ListRestoresRequest& request) {
    EXPECT_EQ(request.parent(), "vms/web-1/checkpoints/latest");
    v1::ListRestoresResponse response;
    v1::RestoreRecord* record = response.add_restores();
    record->set_name(request.page_token().empty() ? "vms/web-1/checkpoints/3/restores/1"
                                                  : "vms/web-1/checkpoints/3/restores/2");
    record->mutable_target()->set_host("hosts/n1");
    record->mutable_report()->set_verdict(v1::VERDICT_ACCEPTED);
    if (request.page_token().empty()) response.set_next_page_token("more");
    return response;
  };
  TempDir folder;
  const std::string file = folder.path() + "/report.json";
  std::ofstream(file) << "{\"verdict\": \"VERDICT_REFUSED\"}";
  const CommandResult result = RunCommand(server.target(), {"report", "web-1@3", "--host", "n1", file});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.out,
            "vms/web-1/checkpoints/3/restores/1: REFUSED on hosts/n1, 1 register not as predicted\n"
            "  VCPU  REGISTER  PREDICTED  HAPPENED\n"
            "  0     MIDR_EL1  written    write refused with EINVAL, has 0x0101010101010101\n");
  EXPECT_EQ(RunCommand(server.target(), {"restores", "web-1"}).out,
            "RESTORE  TARGET    TIME  REPORTED  VERDICT   NOT AS PREDICTED\n"
            "1        hosts/n1  -     -         ACCEPTED  0\n"
            "2        hosts/n1  -     -         ACCEPTED  0\n");
  std::ofstream(file) << "{\"verdict\": ";
  EXPECT_EQ(RunCommand(server.target(), {"report", "web-1@3", "--host", "n1", file}).exit_status, 1);
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
    response.mutable_report()->set_verdict(v1::VERDICT_REFUSED);
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
    EXPECT_TRUE(request.strict());
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
