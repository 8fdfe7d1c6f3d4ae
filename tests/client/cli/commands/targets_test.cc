// targets and baseline: several hosts at once; report and restores: what became of a restore.
#include <fstream>
#include <string>

#include "gtest/gtest.h"
#include "tests/client/cli/commands/run_command.h"
#include "tests/client/fake_server.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

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

TEST(Targets, ShowsTheOtherKindsOfCoresBelowAHost) {
  FakeServer server;
  server.handlers.find_restore_targets = [](const v1::FindRestoreTargetsRequest&) {
    v1::FindRestoreTargetsResponse response;
    v1::RestoreTargetVerdict* target = response.add_targets();
    target->set_host("hosts/phone");
    target->set_verdict(v1::VERDICT_ACCEPTED);
    target->set_reason("pin the VM to CPUs 4-7 (cortex-a72)");
    v1::CoreKindVerdict* big = target->add_core_kinds();
    big->set_cpus("4-7");
    big->set_verdict(v1::VERDICT_ACCEPTED);
    v1::CoreKindVerdict* little = target->add_core_kinds();
    little->set_cpu_model("cortex-a53");
    little->set_cpus("0-3");
    little->set_verdict(v1::VERDICT_REFUSED);
    little->set_refused_count(6);
    little->set_reason("because");
    return response;
  };
  const CommandResult result = RunCommand(server.target(), {"targets", "web-1"});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.out,
            "HOST                        VERDICT   REFUSED  CHANGED  WHY\n"
            "phone                       ACCEPTED  0        0        pin the VM to CPUs 4-7 (cortex-a72)\n"
            "  on CPUs 0-3 (cortex-a53)  REFUSED   6        0        because\n");
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
  server.handlers.create_restore = [](const v1::CreateRestoreRequest& request) {
    EXPECT_EQ(request.restore().target().host(), "hosts/n1");
    EXPECT_EQ(request.restore().report().verdict(), v1::VERDICT_REFUSED);
    v1::Restore restore;
    restore.set_name("vms/web-1/checkpoints/3/restores/1");
    *restore.mutable_target() = request.restore().target();
    *restore.mutable_report() = request.restore().report();
    v1::PredictionDifference* difference = restore.add_differences();
    difference->set_name("MIDR_EL1");
    difference->set_predicted(v1::REGISTER_OUTCOME_WRITTEN);
    difference->set_actual(v1::REGISTER_OUTCOME_WRITE_REFUSED);
    difference->set_actual_error("EINVAL");
    difference->set_actual_got(std::string(8, '\1'));
    return restore;
  };
  server.handlers.list_restores = [](const v1::ListRestoresRequest& request) {
    EXPECT_EQ(request.parent(), "vms/web-1/checkpoints/latest");
    v1::ListRestoresResponse response;
    v1::Restore* record = response.add_restores();
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

}  // namespace
}  // namespace armstate
