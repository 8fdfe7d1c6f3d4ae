// Tests verdicts against hosts, profiles and checkpoints, and how reports explain them. The hosts' answers are those of
// real hosts (tests/data/kvm/restores).
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "tests/server/restore_fixture.h"

namespace armstate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;
using StatusCode = grpc::StatusCode;

constexpr uint64_t kMidr = 0x603000000013c000;
constexpr uint64_t kPfr0 = 0x603000000013c020;         // ID_AA64PFR0_EL1
constexpr uint64_t kWorkaround1 = 0x6030000000140001;  // SMCCC_ARCH_WORKAROUND_1
constexpr uint64_t kLengths = 0x606000000015ffff;
constexpr uint64_t kSctlr = 0x603000000013c080;
constexpr uint64_t kTcr2 = 0x603000000013c103;

std::vector<std::string> Refused(const v1::VcpuRestoreReport& report) {
  std::vector<std::string> names;
  for (const v1::RegisterReport& finding : report.registers()) {
    if (finding.outcome() == v1::REGISTER_OUTCOME_WRITE_REFUSED && finding.tolerance().empty())
      names.push_back(finding.name());
  }
  return names;
}

TEST_F(RestoreTest, AHostNamesRegisterFieldErrnoAndWhatItAccepts) {
  const std::string host = AddHost("n1", "neoverse-n1@6.12");
  const std::string name = Create(Recorded("v", "cortex-a72@6.12", "pmu")).name();
  const v1::RestoreReport report = Validate(OnHost(name, host));
  EXPECT_EQ(report.verdict(), v1::VERDICT_REFUSED);
  EXPECT_THAT(report.cpu_profile(), StartsWith("cpuProfiles/"));
  EXPECT_THAT(report.missing_vcpu_features(), IsEmpty());
  ASSERT_EQ(report.vcpus_size(), 2);
  // As KVM did, neoverse-n1@6.12.jsonl.
  EXPECT_THAT(Refused(report.vcpus(0)),
              ElementsAre("MIDR_EL1", "ID_PFR1_EL1", "ID_ISAR4_EL1", "ID_AA64PFR0_EL1", "ID_AA64MMFR1_EL1"));
  EXPECT_THAT(Refused(report.vcpus(1)), SizeIs(5));

  const v1::RegisterReport pfr0 = FindingOf(report.vcpus(0), kPfr0);
  EXPECT_EQ(pfr0.error(), "EINVAL");
  EXPECT_EQ(pfr0.reason(),
            "the target accepts RAS only as 1, AdvSIMD only as 1, FP only as 1, EL2 as 0 or 1, EL1 as 0 or 1");
  const auto el1 =
      std::find_if(pfr0.fields().begin(), pfr0.fields().end(), [](const auto& f) { return f.field() == "EL1"; });
  ASSERT_NE(el1, pfr0.fields().end());
  EXPECT_EQ(el1->wanted(), 2u);
  EXPECT_EQ(el1->wanted_meaning(), "AArch64 and AArch32");
  EXPECT_EQ(el1->got(), 1u);
  EXPECT_THAT(el1->accepted(), ElementsAre(0, 1));
  // A Cortex-A72 has no RAS extension that it could be started with; AArch32 at EL1 it can be started without.
  EXPECT_THAT(pfr0.advice(), StartsWith("start the VM with EL2 = 1, EL1 = 1; the target requires RAS = 1"));
  EXPECT_THAT(FindingOf(report.vcpus(0), kMidr).advice(), HasSubstr("Linux 6.15"));
}

TEST_F(RestoreTest, ATolerancesNameStandsAtTheRegisterAndStrictUsesNone) {
  const std::string host = AddHost("n1", "neoverse-n1@6.12");
  const std::string name = Create(Recorded("v", "cortex-a72@6.12", "pmu")).name();
  v1::ValidateCheckpointRequest request = OnHost(name, host);
  // A Cortex-A72 says "not available" (0), the Neoverse N1 "not required" (2).
  v1::RegisterReport workaround = FindingOf(Validate(request).vcpus(0), kWorkaround1);
  EXPECT_EQ(workaround.outcome(), v1::REGISTER_OUTCOME_IGNORED);
  EXPECT_EQ(workaround.tolerance(), "workaround-level");
  EXPECT_EQ(workaround.reason(), "the host needs the workaround as little as the checkpoint says, or less");
  EXPECT_EQ(workaround.advice(), "");
  request.set_ignore_server_tolerances(true);
  workaround = FindingOf(Validate(request).vcpus(0), kWorkaround1);
  EXPECT_EQ(workaround.outcome(), v1::REGISTER_OUTCOME_IGNORED);
  EXPECT_EQ(workaround.tolerance(), "");

  // The user's own rule also applies without the server's.
  v1::Tolerance* own = request.add_tolerances();
  own->set_name("any-midr");
  own->set_reason("our guests do not read it");
  own->add_registers("MIDR_EL1");
  const v1::RestoreReport report = Validate(request);
  EXPECT_EQ(FindingOf(report.vcpus(0), kMidr).tolerance(), "any-midr");
  EXPECT_THAT(Refused(report.vcpus(1)), SizeIs(4));
}

TEST_F(RestoreTest, AMalformedToleranceIsNamed) {
  const std::string host = AddHost("n1", "neoverse-n1@6.12");
  v1::ValidateCheckpointRequest request = OnHost(Create(Recorded("v", "neoverse-n1@6.12", "pmu")).name(), host);
  v1::Tolerance* own = request.add_tolerances();
  own->set_name("no-such");
  own->set_reason("a test");
  own->add_registers("MIDR_EL9");
  EXPECT_EQ(
      Call(restore(), &RestoreStub::ValidateCheckpoint, request),
      (RpcResult{
          StatusCode::INVALID_ARGUMENT, "TOLERANCE_MALFORMED", {{"tolerance", "no-such"}, {"register", "MIDR_EL9"}}}));
}

TEST_F(RestoreTest, AMissingFeatureRefusesAndTheRegistersAreJudgedWithoutIt) {
  const std::string host = AddHost("n1", "neoverse-n1@6.12");
  const std::string name = Create(Recorded("v", "max7@6.12", "sve")).name();
  const v1::RestoreReport report = Validate(OnHost(name, host));
  EXPECT_EQ(report.verdict(), v1::VERDICT_REFUSED);
  ASSERT_EQ(report.missing_vcpu_features_size(), 1);
  EXPECT_EQ(report.missing_vcpu_features(0).feature(), "sve");
  EXPECT_EQ(report.missing_vcpu_features(0).call(), "KVM_ARM_VCPU_INIT");
  EXPECT_EQ(report.missing_vcpu_features(0).error(), "EINVAL");
  const v1::RegisterReport lengths = FindingOf(report.vcpus(0), kLengths);
  EXPECT_EQ(lengths.outcome(), v1::REGISTER_OUTCOME_UNKNOWN);
  EXPECT_EQ(lengths.error(), "ENOENT");
  EXPECT_EQ(lengths.advice(), "start the VM without vCPU feature sve, or restore it on a host that has it");
}

TEST_F(RestoreTest, WithoutFeaturesTheBestOfTheHostsProfilesCounts) {
  const std::string host = AddHost("n1", "neoverse-n1@6.12");
  v1::CreateCheckpointRequest request = Recorded("v", "neoverse-n1@6.12", "pmu");
  request.mutable_checkpoint()->mutable_source()->clear_vcpu_features();
  const v1::RestoreReport report = Validate(OnHost(Create(request).name(), host));
  EXPECT_EQ(report.verdict(), v1::VERDICT_ACCEPTED);
  EXPECT_THAT(report.cpu_profile(), HasSubstr(".pmu-"));
  EXPECT_THAT(report.notes(), ElementsAre(HasSubstr("does not say its vCPU features")));
}

TEST_F(RestoreTest, AFeatureThatNobodyKnowsLeavesTheVerdictOpen) {
  const std::string host = AddHost("n1", "neoverse-n1@6.12");
  v1::CreateCheckpointRequest request = Recorded("v", "neoverse-n1@6.12", "pmu");
  request.mutable_checkpoint()->mutable_source()->add_vcpu_features("warp");
  const v1::RestoreReport report = Validate(OnHost(Create(request).name(), host));
  EXPECT_EQ(report.verdict(), v1::VERDICT_UNDETERMINED);
  EXPECT_THAT(report.notes(), ElementsAre(HasSubstr("warp")));
}

TEST_F(RestoreTest, ARegisterThatTheHostsKernelHidesIsToleratedIfTheGuestCannotUseIt) {
  const std::string host = AddHost("a72", "cortex-a72@6.18");
  v1::ValidateCheckpointRequest request = OnHost(Create(Recorded("v", "cortex-a72@6.12", "pmu")).name(), host);
  EXPECT_EQ(FindingOf(Validate(request).vcpus(0), kTcr2).tolerance(), "hidden-tcr2");
  request.set_ignore_server_tolerances(true);
  const v1::RegisterReport tcr2 = FindingOf(Validate(request).vcpus(0), kTcr2);
  EXPECT_EQ(tcr2.outcome(), v1::REGISTER_OUTCOME_UNKNOWN);
  EXPECT_THAT(tcr2.advice(), HasSubstr("kernel"));
}

TEST_F(RestoreTest, AnotherCheckpointTellsOnlyWhatItsRegistersAre) {
  const std::string source = Create(Recorded("a", "cortex-a72@6.12", "pmu")).name();
  v1::CreateCheckpointRequest other = Recorded("b", "neoverse-n1@6.12", "pmu");
  SetValue(*other.mutable_checkpoint()->mutable_vcpus(0)->mutable_registers(), kSctlr, 0x30d00800);
  v1::ValidateCheckpointRequest request;
  request.set_checkpoint(source);
  request.mutable_target()->set_checkpoint(Create(other).name());
  const v1::RestoreReport report = Validate(request);
  EXPECT_EQ(report.verdict(), v1::VERDICT_UNDETERMINED);
  EXPECT_EQ(report.cpu_profile(), "");
  EXPECT_EQ(FindingOf(report.vcpus(0), kPfr0).outcome(), v1::REGISTER_OUTCOME_WRITE_UNDETERMINED);
  EXPECT_THAT(FindingOf(report.vcpus(0), kPfr0).advice(), HasSubstr("name a host"));
  EXPECT_EQ(FindingOf(report.vcpus(0), kSctlr).outcome(), v1::REGISTER_OUTCOME_UNSPECIFIED) << "stored, no finding";
  // Each vCPU is compared with its own: MPIDR_EL1 is the vCPU's.
  EXPECT_EQ(FindingOf(report.vcpus(1), 0x603000000013c005).outcome(), v1::REGISTER_OUTCOME_UNSPECIFIED);
  request.mutable_target()->set_checkpoint(source);
  EXPECT_EQ(Validate(request).verdict(), v1::VERDICT_ACCEPTED);
}

TEST_F(RestoreTest, ThePlanWritesWhatIsTheVmsOnceAndLeavesOutWhatIsTolerated) {
  v1::PlanRestoreRequest request;
  request.set_checkpoint(Create(Recorded("v", "cortex-a72@6.12", "pmu")).name());
  request.mutable_target()->set_host(AddHost("n1", "neoverse-n1@6.12"));
  v1::Tolerance* own = request.add_tolerances();
  own->set_name("any-midr");
  own->set_reason("our guests do not read it");
  own->add_registers("MIDR_EL1");
  v1::PlanRestoreResponse plan;
  ASSERT_EQ(Call(restore(), &RestoreStub::PlanRestore, request, &plan), RpcResult());
  ASSERT_EQ(plan.vcpus_size(), 2);
  const auto writes = [&](int vcpu, uint64_t id) {
    const auto& all = plan.vcpus(vcpu).writes();
    return std::count_if(all.begin(), all.end(), [&](const auto& write) { return write.register_id() == id; });
  };
  const auto omission = [&](int vcpu, uint64_t id) -> std::string {
    for (const v1::PlanOmission& entry : plan.vcpus(vcpu).omissions()) {
      if (entry.register_id() == id) return entry.reason();
    }
    return "";
  };
  EXPECT_EQ(writes(0, kMidr), 0);
  EXPECT_EQ(omission(0, kMidr), "the target would refuse it with EINVAL; tolerated by any-midr");
  EXPECT_EQ(writes(0, kPfr0), 1);
  EXPECT_EQ(writes(1, kPfr0), 0);
  EXPECT_THAT(omission(1, kPfr0), StartsWith("the VM's"));
  EXPECT_EQ(writes(1, kSctlr), 1);
  // Phases do not go down, and each register of the checkpoint is a write or an omission.
  for (int vcpu = 0; vcpu < 2; ++vcpu) {
    for (int i = 1; i < plan.vcpus(vcpu).writes_size(); ++i) {
      EXPECT_LE(plan.vcpus(vcpu).writes(i - 1).phase(), plan.vcpus(vcpu).writes(i).phase());
    }
    EXPECT_EQ(plan.vcpus(vcpu).writes_size() + plan.vcpus(vcpu).omissions_size(), 333);  // 6.12 with a PMU lists 333
  }
}

TEST_F(RestoreTest, WrongTargets) {
  const std::string name = Create(Recorded("v", "neoverse-n1@6.12", "pmu")).name();
  v1::ValidateCheckpointRequest request;
  request.set_checkpoint(name);
  const auto validate = [&] { return Call(restore(), &RestoreStub::ValidateCheckpoint, request); };
  EXPECT_EQ(validate(), (RpcResult{StatusCode::INVALID_ARGUMENT, "FIELD_INVALID", {{"field", "target"}}}));
  request.mutable_target()->set_host("hosts/h");
  EXPECT_EQ(validate(), (RpcResult{StatusCode::NOT_FOUND, "HOST_NOT_FOUND", {{"name", "hosts/h"}}}));
  request.mutable_target()->set_checkpoint("vms/none/checkpoints/1");
  EXPECT_EQ(validate(), (RpcResult{StatusCode::NOT_FOUND, "VM_NOT_FOUND", {{"name", "vms/none"}}}));
  request.mutable_target()->set_host("n1");
  EXPECT_EQ(validate().reason, "RESOURCE_NAME_INVALID");
}

}  // namespace
}  // namespace armstate
