// RestoreService: verdicts and plans. Expected values are QEMU 7.2's (its lists of these CPUs) and the Arm ARM's.
#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/server/server_fixture.h"

namespace armstate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using StatusCode = grpc::StatusCode;

constexpr char kA57[] = "qemu-7.2.virt.cortex-a57";
constexpr uint64_t kSctlrEl1 = 0x603000000013c080;
constexpr uint64_t kCpacrEl1 = 0x603000000013c082;
constexpr uint64_t kCpacr = 0x40200000200f0802;  // the low 32 bits of CPACR_EL1
constexpr uint64_t kCtrEl0 = 0x603000000013d801;
constexpr uint64_t kMmfr0 = 0x603000000013c038;  // ID_AA64MMFR0_EL1

class RestoreServiceTest : public ServerTest {
 protected:
  // A checkpoint of vCPUs that are in reset state, ready to be changed and stored as the next version of vms/v.
  v1::CreateCheckpointRequest ResetState(const std::string& profile, int vcpu_count = 1) {
    const std::string id = "m" + std::to_string(++machines_);
    CreateMachine(id, profile, vcpu_count);
    v1::CaptureMachineRequest capture;
    capture.set_machine("machines/" + id);
    capture.set_parent("vms/reset");
    v1::Checkpoint captured;
    EXPECT_EQ(Call(engine(), &EngineStub::CaptureMachine, capture, &captured), RpcResult());
    v1::CreateCheckpointRequest request;
    request.set_parent("vms/v");
    *request.mutable_checkpoint() = Get(captured.name());
    return request;
  }

  v1::RestoreReport Validate(const v1::CreateCheckpointRequest& checkpoint, const std::string& profile,
                             bool all_registers = false) {
    v1::ValidateCheckpointRequest request;
    const std::string name = Create(checkpoint).name();
    request.set_checkpoint(name);
    request.mutable_target()->set_cpu_profile("cpuProfiles/" + profile);
    request.set_all_registers(all_registers);
    v1::ValidateCheckpointResponse response;
    EXPECT_EQ(Call(restore(), &RestoreStub::ValidateCheckpoint, request, &response), RpcResult());
    EXPECT_EQ(response.checkpoint(), name);
    return response.report();
  }

 private:
  int machines_ = 0;
};

v1::RegisterList& ListOf(v1::CreateCheckpointRequest& request, int vcpu = 0) {
  return *request.mutable_checkpoint()->mutable_vcpus(vcpu)->mutable_registers();
}

// The finding about a register. Fails the test if there is none.
v1::RegisterReport Finding(const v1::VcpuRestoreReport& report, uint64_t id) {
  for (const v1::RegisterReport& finding : report.registers()) {
    if (finding.register_id() == id) return finding;
  }
  ADD_FAILURE() << "no finding about " << std::hex << id;
  return {};
}

TEST_F(RestoreServiceTest, TheStateOfTheSameCpuIsAccepted) {
  v1::CreateCheckpointRequest checkpoint = ResetState(kA57);
  SetValue(ListOf(checkpoint), kSctlrEl1, 0x30d5d91d);
  const v1::RestoreReport report = Validate(checkpoint, kA57);
  EXPECT_EQ(report.verdict(), v1::VERDICT_ACCEPTED);
  EXPECT_FALSE(report.rolled_back());
  EXPECT_THAT(report.notes(), IsEmpty());
  ASSERT_EQ(report.vcpus_size(), 1);
  EXPECT_EQ(report.vcpus(0).written_count(), 1);
  EXPECT_EQ(report.vcpus(0).unchanged_count(), 332);
  EXPECT_THAT(report.vcpus(0).registers(), IsEmpty());

  const v1::RestoreReport all = Validate(checkpoint, kA57, /*all_registers=*/true);
  ASSERT_EQ(all.vcpus(0).registers_size(), 333);
  const v1::RegisterReport sctlr = Finding(all.vcpus(0), kSctlrEl1);
  EXPECT_EQ(sctlr.name(), "SCTLR_EL1");
  EXPECT_EQ(sctlr.outcome(), v1::REGISTER_OUTCOME_WRITTEN);
  EXPECT_EQ(sctlr.wanted(), std::string("\x1d\xd9\xd5\x30\0\0\0\0", 8));
  EXPECT_EQ(sctlr.got(), sctlr.wanted());
  EXPECT_EQ(Finding(all.vcpus(0), kCtrEl0).outcome(), v1::REGISTER_OUTCOME_UNCHANGED);
}

TEST_F(RestoreServiceTest, AnotherCpuRefusesItsConstantsAndNamesFieldsToo) {
  const v1::RestoreReport report = Validate(ResetState(kA57), "qemu-7.2.virt.cortex-a53");
  EXPECT_EQ(report.verdict(), v1::VERDICT_REFUSED);
  EXPECT_FALSE(report.rolled_back()) << "a verdict has no target that could be put back";
  ASSERT_EQ(report.vcpus_size(), 1);
  std::vector<uint64_t> refused;
  for (const v1::RegisterReport& finding : report.vcpus(0).registers()) {
    EXPECT_EQ(finding.outcome(), v1::REGISTER_OUTCOME_IGNORED) << finding.DebugString();
    refused.push_back(finding.register_id());
  }
  // DBGDEVID1, DBGDEVID and CTR of AArch32, then ID_AA64MMFR0_EL1 and CTR_EL0: the two CPUs differ in these constants.
  EXPECT_THAT(refused, ElementsAre(0x40200000200e3801, 0x40200000200e3802, 0x40200000200f0001, kMmfr0, kCtrEl0));
  const v1::RegisterReport mmfr0 = Finding(report.vcpus(0), kMmfr0);
  EXPECT_EQ(mmfr0.name(), "ID_AA64MMFR0_EL1");
  EXPECT_EQ(mmfr0.wanted(), std::string("\x24\x11\0\0\0\0\0\0", 8));
  EXPECT_EQ(mmfr0.got(), std::string("\x22\x11\0\0\0\0\0\0", 8));
  ASSERT_EQ(mmfr0.fields_size(), 1);
  EXPECT_EQ(mmfr0.fields(0).field(), "PARange");
  EXPECT_EQ(mmfr0.fields(0).wanted(), 4u);  // 44 bits
  EXPECT_EQ(mmfr0.fields(0).got(), 2u);     // 40 bits
  const v1::RegisterReport ctr = Finding(report.vcpus(0), kCtrEl0);
  ASSERT_EQ(ctr.fields_size(), 1);
  EXPECT_EQ(ctr.fields(0).field(), "L1Ip");
  EXPECT_EQ(ctr.fields(0).wanted(), 3u);  // PIPT
  EXPECT_EQ(ctr.fields(0).got(), 2u);     // VIPT
}

TEST_F(RestoreServiceTest, AnotherArchitectureLacksTheRegisters) {
  const v1::RestoreReport report = Validate(ResetState(kA57), "qemu-7.2.virt.cortex-a15");
  EXPECT_EQ(report.verdict(), v1::VERDICT_REFUSED);
  const v1::RegisterReport isar0 = Finding(report.vcpus(0), 0x603000000013c030);
  EXPECT_EQ(isar0.name(), "ID_AA64ISAR0_EL1");
  EXPECT_EQ(isar0.outcome(), v1::REGISTER_OUTCOME_UNKNOWN);
  EXPECT_EQ(isar0.wanted().size(), 8u);
  EXPECT_EQ(isar0.got(), "");
}

TEST_F(RestoreServiceTest, AMissingRegisterKeepsTheTargetsValue) {
  v1::CreateCheckpointRequest checkpoint = ResetState(kA57);
  Remove(ListOf(checkpoint), kSctlrEl1);
  const v1::RestoreReport report = Validate(checkpoint, kA57);
  EXPECT_EQ(report.verdict(), v1::VERDICT_ACCEPTED_WITH_CHANGES);
  ASSERT_EQ(report.vcpus(0).registers_size(), 1);
  EXPECT_EQ(report.vcpus(0).registers(0).name(), "SCTLR_EL1");
  EXPECT_EQ(report.vcpus(0).registers(0).outcome(), v1::REGISTER_OUTCOME_NOT_IN_CHECKPOINT);
  EXPECT_EQ(report.vcpus(0).registers(0).got(), std::string("\x38\x08\xc5\0\0\0\0\0", 8));  // QEMU's reset value
}

TEST_F(RestoreServiceTest, AMissingConstantIsRefused) {
  v1::CreateCheckpointRequest checkpoint = ResetState(kA57);
  Remove(ListOf(checkpoint), kCtrEl0);
  const v1::RestoreReport report = Validate(checkpoint, kA57);
  EXPECT_EQ(report.verdict(), v1::VERDICT_REFUSED);
  EXPECT_EQ(Finding(report.vcpus(0), kCtrEl0).outcome(), v1::REGISTER_OUTCOME_REQUIRED);
}

TEST_F(RestoreServiceTest, OfTwoIdsOfOneRegisterTheLastWins) {
  v1::CreateCheckpointRequest checkpoint = ResetState(kA57);
  SetValue(ListOf(checkpoint), kCpacr, 0x00300000);
  SetValue(ListOf(checkpoint), kCpacrEl1, 0x00100000);
  const v1::RestoreReport report = Validate(checkpoint, kA57);
  EXPECT_EQ(report.verdict(), v1::VERDICT_ACCEPTED_WITH_CHANGES);
  ASSERT_EQ(report.vcpus(0).registers_size(), 1);
  const v1::RegisterReport& cpacr = report.vcpus(0).registers(0);
  EXPECT_EQ(cpacr.name(), "CPACR");
  EXPECT_EQ(cpacr.outcome(), v1::REGISTER_OUTCOME_OVERWRITTEN);
  EXPECT_EQ(cpacr.wanted(), std::string("\0\0\x30\0", 4));
  EXPECT_EQ(cpacr.got(), std::string("\0\0\x10\0", 4));
}

// L2CTLR (Cortex-A15 TRM, 4.3.55): bits 25-24 are the number of CPUs - 1; QEMU's is a constant.
TEST_F(RestoreServiceTest, L2ctlrCountsTheVcpus) {
  constexpr uint64_t kL2ctlr = 0x40200000200f480a;
  constexpr char kA15[] = "qemu-7.2.virt.cortex-a15";
  v1::CreateCheckpointRequest two = ResetState(kA15, 2);
  for (int vcpu = 0; vcpu < 2; ++vcpu) EXPECT_EQ(ValueOf(ListOf(two, vcpu), kL2ctlr), 0x01800000u);
  EXPECT_EQ(Validate(two, kA15).verdict(), v1::VERDICT_ACCEPTED);

  two.mutable_checkpoint()->mutable_vcpus()->RemoveLast();
  const v1::RestoreReport report = Validate(two, kA15);
  EXPECT_EQ(report.verdict(), v1::VERDICT_REFUSED);
  ASSERT_EQ(report.vcpus(0).registers_size(), 1);
  EXPECT_EQ(report.vcpus(0).registers(0).name(), "L2CTLR");
  EXPECT_EQ(report.vcpus(0).registers(0).wanted(), std::string("\0\0\x80\x01", 4));
  EXPECT_EQ(report.vcpus(0).registers(0).got(), std::string("\0\0\x80\0", 4));
}

TEST_F(RestoreServiceTest, EveryVcpuIsJudged) {
  v1::CreateCheckpointRequest checkpoint = ResetState(kA57, 3);
  SetValue(ListOf(checkpoint, 1), kCtrEl0, 0);
  Remove(ListOf(checkpoint, 2), kSctlrEl1);
  const v1::RestoreReport report = Validate(checkpoint, kA57);
  EXPECT_EQ(report.verdict(), v1::VERDICT_REFUSED);
  ASSERT_EQ(report.vcpus_size(), 3);
  EXPECT_THAT(report.vcpus(0).registers(), IsEmpty());
  EXPECT_EQ(Finding(report.vcpus(1), kCtrEl0).outcome(), v1::REGISTER_OUTCOME_IGNORED);
  EXPECT_EQ(Finding(report.vcpus(2), kSctlrEl1).outcome(), v1::REGISTER_OUTCOME_NOT_IN_CHECKPOINT);
}

TEST_F(RestoreServiceTest, NotesTellWhatNoRegisterTells) {
  v1::CreateCheckpointRequest checkpoint = ResetState(kA57);
  ListOf(checkpoint) = Registers({{kSctlrEl1, 0}});  // the whole list shows that it is of QEMU's emulation
  checkpoint.mutable_checkpoint()->mutable_source()->set_accelerator(v1::ACCELERATOR_KVM);
  checkpoint.mutable_checkpoint()->mutable_source()->set_machine_type("virt-6.0");
  v1::CaptureGap* gap = checkpoint.mutable_checkpoint()->add_gaps();
  gap->set_reason("upper halves of the Z registers");
  EXPECT_THAT(Validate(checkpoint, kA57).notes(), ElementsAre(HasSubstr("captured under an accelerator other"),
                                                              HasSubstr("virt-6.0"), HasSubstr("upper halves")));
}

TEST_F(RestoreServiceTest, ThePlanWritesInTheTargetsOrderAndSaysWhatItLeavesOut) {
  v1::CreateCheckpointRequest checkpoint = ResetState(kA57);
  Remove(ListOf(checkpoint), kSctlrEl1);
  v1::RegisterList& list = ListOf(checkpoint);
  list.add_ids(0x606000000015ffff);  // KVM's SVE vector lengths, above all registers of this target
  list.mutable_values()->append(64, '\1');
  v1::PlanRestoreRequest request;
  request.set_checkpoint(Create(checkpoint).name());
  request.mutable_target()->set_cpu_profile(std::string("cpuProfiles/") + kA57);
  v1::PlanRestoreResponse plan;
  ASSERT_EQ(Call(restore(), &RestoreStub::PlanRestore, request, &plan), RpcResult());
  EXPECT_EQ(plan.checkpoint(), "vms/v/checkpoints/1");
  EXPECT_EQ(plan.report().verdict(), v1::VERDICT_REFUSED);
  // QEMU's emulation has one phase: its list in ascending order.
  ASSERT_EQ(plan.phases_size(), 1);
  EXPECT_THAT(plan.phases(0).reason(), HasSubstr("ascending"));
  ASSERT_EQ(plan.vcpus_size(), 1);
  const auto& writes = plan.vcpus(0).writes();
  ASSERT_EQ(writes.size(), 332);
  std::string values;
  for (int i = 0; i < writes.size(); ++i) {
    EXPECT_EQ(writes[i].register_id(), list.ids(i));
    EXPECT_EQ(writes[i].phase(), 0);
    values += writes[i].value();
  }
  EXPECT_EQ(values + std::string(64, '\1'), list.values());
  EXPECT_EQ(std::count_if(writes.begin(), writes.end(), [](const auto& w) { return w.name() == "CTR_EL0"; }), 1);
  const auto& omissions = plan.vcpus(0).omissions();
  ASSERT_EQ(omissions.size(), 2);
  EXPECT_EQ(omissions[0].register_id(), 0x606000000015ffffu);
  EXPECT_THAT(omissions[0].reason(), HasSubstr("no such register"));
  EXPECT_EQ(omissions[1].name(), "SCTLR_EL1");
  EXPECT_THAT(omissions[1].reason(), HasSubstr("not in the checkpoint"));
}

TEST_F(RestoreServiceTest, WhatIsNotThere) {
  Create(SmallRequest("vms/a", 1));
  v1::ValidateCheckpointRequest request;
  request.set_checkpoint("vms/a/checkpoints/latest");
  const auto validate = [&] { return Call(restore(), &RestoreStub::ValidateCheckpoint, request); };
  EXPECT_EQ(validate(), (RpcResult{StatusCode::INVALID_ARGUMENT, "FIELD_INVALID", {{"field", "target"}}}));
  request.mutable_target()->set_cpu_profile(kA57);
  EXPECT_EQ(validate(), (RpcResult{StatusCode::INVALID_ARGUMENT,
                                   "RESOURCE_NAME_INVALID",
                                   {{"name", kA57}, {"expected", "cpuProfiles/{profile}"}}}));
  request.mutable_target()->set_cpu_profile("cpuProfiles/cortex-z1");
  EXPECT_EQ(validate(),
            (RpcResult{StatusCode::NOT_FOUND, "CPU_PROFILE_NOT_FOUND", {{"name", "cpuProfiles/cortex-z1"}}}));
  request.mutable_target()->set_cpu_profile(std::string("cpuProfiles/") + kA57);
  request.set_checkpoint("vms/a/checkpoints/2");
  EXPECT_EQ(validate(), (RpcResult{StatusCode::NOT_FOUND, "CHECKPOINT_NOT_FOUND", {{"name", "vms/a/checkpoints/2"}}}));
  request.set_checkpoint("vms/b/checkpoints/1");
  EXPECT_EQ(validate(), (RpcResult{StatusCode::NOT_FOUND, "VM_NOT_FOUND", {{"name", "vms/b"}}}));
  v1::PlanRestoreRequest plan;
  *plan.mutable_target() = request.target();
  plan.set_checkpoint("vms/a/checkpoints/2");
  EXPECT_EQ(Call(restore(), &RestoreStub::PlanRestore, plan),
            (RpcResult{StatusCode::NOT_FOUND, "CHECKPOINT_NOT_FOUND", {{"name", "vms/a/checkpoints/2"}}}));
}

}  // namespace
}  // namespace armstate
