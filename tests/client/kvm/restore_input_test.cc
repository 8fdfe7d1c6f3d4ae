#include "client/kvm/restore_input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "core/error.h"

namespace armstate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr uint64_t kX0 = 0x6030000000100000;
constexpr uint64_t kMidr = 0x603000000013c000;
constexpr uint64_t kSctlr = 0x603000000013c080;
constexpr char kEight[] = "\1\2\3\4\5\6\7\10";

v1::Checkpoint TwoVcpus() {
  v1::Checkpoint checkpoint;
  checkpoint.mutable_source()->set_accelerator(v1::ACCELERATOR_KVM);
  for (int i = 0; i < 2; ++i) {
    v1::VcpuState* const vcpu = checkpoint.add_vcpus();
    vcpu->set_vcpu_index(i);
    vcpu->mutable_registers()->add_ids(kX0);
    vcpu->mutable_registers()->set_values(kEight);
    v1::OpaqueField* const field = vcpu->add_opaque_fields();
    field->set_name("kvm.mp_state");
    field->set_data(std::string(4, '\0'));
  }
  return checkpoint;
}

void AddWrite(v1::VcpuRestorePlan& vcpu, uint64_t id, int phase) {
  v1::PlannedWrite* const write = vcpu.add_writes();
  write->set_register_id(id);
  write->set_value(kEight);
  write->set_phase(phase);
}

v1::PlanRestoreResponse PlanForTwo() {
  v1::PlanRestoreResponse plan;
  for (int i = 0; i < 2; ++i) {
    v1::VcpuRestorePlan* const vcpu = plan.add_vcpus();
    vcpu->set_vcpu_index(i);
    AddWrite(*vcpu, kSctlr, 6);
    AddWrite(*vcpu, kX0, 4);
    AddWrite(*vcpu, kMidr, 1);
  }
  return plan;
}

TEST(RestorePlanTest, ACheckpointIsTakenAsItIs) {
  const absl::StatusOr<KvmRestoreInput> plan = CheckpointStates(TwoVcpus());
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_EQ(plan->states.size(), 2u);
  EXPECT_TRUE(plan->orders.empty());
  EXPECT_EQ(plan->states[1].vcpu_index, 1);
  EXPECT_EQ(plan->states[1].registers.values(), kEight);
  EXPECT_EQ(plan->states[1].opaque_fields.at(0).name, "kvm.mp_state");
}

TEST(RestorePlanTest, APlansWritesComeByPhase) {
  const absl::StatusOr<KvmRestoreInput> plan = PlannedStates(PlanForTwo(), TwoVcpus());
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_EQ(plan->orders.size(), 2u);
  EXPECT_THAT(plan->orders[1], ElementsAre(kMidr, kX0, kSctlr));
  EXPECT_THAT(plan->states[1].registers.layout().raw_ids(), ElementsAre(kX0, kMidr, kSctlr));
  EXPECT_EQ(plan->states[1].opaque_fields.at(0).name, "kvm.mp_state") << "it is in no plan";
}

TEST(RestorePlanTest, ARegisterThatClearsReadsAsTheOneThatSets) {
  constexpr uint64_t kSet = 0x603000000013dce1;    // PMCNTENSET_EL0
  constexpr uint64_t kClear = 0x603000000013dce2;  // PMCNTENCLR_EL0
  v1::PlanRestoreResponse message = PlanForTwo();
  AddWrite(*message.mutable_vcpus(0), kSet, 6);
  AddWrite(*message.mutable_vcpus(0), kClear, 3);
  message.mutable_vcpus(0)->mutable_writes()->rbegin()->set_value(std::string(8, '\xff'));
  const absl::StatusOr<KvmRestoreInput> plan = PlannedStates(message, TwoVcpus());
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->states[0].registers.Find(RegisterId::Known<kClear>()), kEight);
  EXPECT_THAT(plan->orders[0], ElementsAre(kMidr, kClear, kX0, kSctlr, kSet));
}

TEST(RestorePlanTest, WhetherAQemuVcpuIsOnIsKvmsState) {
  v1::Checkpoint checkpoint = TwoVcpus();
  checkpoint.mutable_source()->set_accelerator(v1::ACCELERATOR_TCG);
  for (v1::VcpuState& vcpu : *checkpoint.mutable_vcpus()) vcpu.clear_opaque_fields();
  v1::OpaqueField* const power = checkpoint.mutable_vcpus(1)->add_opaque_fields();
  power->set_name("power_state");
  power->set_data("\x01");
  const absl::StatusOr<KvmRestoreInput> plan = PlannedStates(PlanForTwo(), checkpoint);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->states[0].opaque_fields.at(0).data, std::string(4, '\0'));  // KVM_MP_STATE_RUNNABLE
  EXPECT_EQ(plan->states[1].opaque_fields.at(0).name, "kvm.mp_state");
  EXPECT_EQ(plan->states[1].opaque_fields.at(0).data, std::string("\x05\0\0\0", 4));  // KVM_MP_STATE_STOPPED
}

struct Case {
  const char* name;
  std::function<void(v1::PlanRestoreResponse&, v1::Checkpoint&)> damage;
  ErrorReason reason;
  const char* message;
};

class BadPlanTest : public testing::TestWithParam<Case> {};

TEST_P(BadPlanTest, IsRefused) {
  v1::PlanRestoreResponse message = PlanForTwo();
  v1::Checkpoint checkpoint = TwoVcpus();
  GetParam().damage(message, checkpoint);
  const absl::Status status = PlannedStates(message, checkpoint).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  ASSERT_TRUE(GetErrorInfo(status).has_value()) << status;
  EXPECT_EQ(GetErrorInfo(status)->reason, GetParam().reason);
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Cases, BadPlanTest,
    testing::Values(
        Case{"no_vcpus",
             [](auto& plan, auto& checkpoint) {
               plan.Clear();
               checkpoint.clear_vcpus();
             },
             ErrorReason::kFieldInvalid, "vcpus: is empty"},
        Case{"other_count", [](auto&, auto& checkpoint) { checkpoint.mutable_vcpus()->RemoveLast(); },
             ErrorReason::kFieldInvalid, "vcpus: a plan for 2 vCPUs, a checkpoint of 1"},
        Case{"other_index", [](auto& plan, auto&) { plan.mutable_vcpus(1)->set_vcpu_index(7); },
             ErrorReason::kFieldInvalid, "vcpus[1].vcpu_index: 7 stands where vCPU 1 is expected"},
        Case{"short_value", [](auto& plan, auto&) { plan.mutable_vcpus(1)->mutable_writes(2)->set_value("1234567"); },
             ErrorReason::kFieldInvalid, "vcpus[1].writes[2].value: 7 bytes for 0x603000000013c000, which has 8"},
        Case{"no_id", [](auto& plan, auto&) { plan.mutable_vcpus(0)->mutable_writes(1)->set_register_id(5); },
             ErrorReason::kRegisterIdInvalid, "vcpus[0].writes[1]"},
        Case{"twice", [](auto& plan, auto&) { AddWrite(*plan.mutable_vcpus(0), kX0, 9); },
             ErrorReason::kRegisterListMalformed, "vcpus[0].writes"}),
    [](const auto& test) { return test.param.name; });

// The plan says of MIDR_EL1: ignored, reads 1, harmless by the rule "same-family".
v1::PlanRestoreResponse PlanWithATolerance() {
  v1::PlanRestoreResponse message = PlanForTwo();
  for (int i = 0; i < 2; ++i) {
    v1::VcpuRestoreReport* const vcpu = message.mutable_report()->add_vcpus();
    vcpu->set_vcpu_index(i);
    v1::RegisterReport* const predicted = vcpu->add_registers();
    predicted->set_register_id(kMidr);
    predicted->set_got(std::string("\1\0\0\0\0\0\0\0", 8));
    predicted->set_tolerance("same-family");
  }
  return message;
}

KvmRestoreResult IgnoredMidr(const std::string& got) {
  RegisterFinding finding{RegisterId::Known<kMidr>(), RegisterOutcome::kIgnored, kEight, got, "ignored", ""};
  KvmRestoreResult result;
  result.reports.resize(2);
  result.reports[1].findings.push_back(finding);
  RecomputeVerdict(result.reports[1]);
  return result;
}

TEST(RestorePlanTest, WhatHappensAsPlannedRefusesNothing) {
  const absl::StatusOr<KvmRestoreInput> plan = PlannedStates(PlanWithATolerance(), TwoVcpus());
  ASSERT_TRUE(plan.ok()) << plan.status();
  KvmRestoreResult result = IgnoredMidr(std::string("\1\0\0\0\0\0\0\0", 8));
  ASSERT_FALSE(result.complete());
  ApplyPlanTolerances(*plan, result);
  EXPECT_TRUE(result.complete());
  EXPECT_EQ(result.reports[1].verdict, Verdict::kAcceptedWithChanges);
  EXPECT_EQ(result.reports[1].findings[0].tolerance, "same-family");
}

TEST(RestorePlanTest, AnotherValueThanPlannedRefuses) {
  const absl::StatusOr<KvmRestoreInput> plan = PlannedStates(PlanWithATolerance(), TwoVcpus());
  ASSERT_TRUE(plan.ok()) << plan.status();
  KvmRestoreResult result = IgnoredMidr(std::string("\2\0\0\0\0\0\0\0", 8));
  ApplyPlanTolerances(*plan, result);
  EXPECT_FALSE(result.complete());
  EXPECT_EQ(result.reports[1].findings[0].tolerance, "");
}

TEST(RestorePlanTest, APlanOfOtherVcpusThanItsReportIsNoReasonToStop) {
  v1::PlanRestoreResponse message = PlanWithATolerance();
  message.mutable_report()->mutable_vcpus(0)->set_vcpu_index(-1);
  message.mutable_report()->mutable_vcpus(1)->set_vcpu_index(2);
  const absl::StatusOr<KvmRestoreInput> plan = PlannedStates(message, TwoVcpus());
  ASSERT_TRUE(plan.ok()) << plan.status();
  KvmRestoreResult result = IgnoredMidr(std::string("\1\0\0\0\0\0\0\0", 8));
  ApplyPlanTolerances(*plan, result);
  EXPECT_FALSE(result.complete());
}

TEST(RestorePlanTest, ACheckpointOfQemusEmulationNeedsAPlan) {
  v1::Checkpoint checkpoint = TwoVcpus();
  checkpoint.mutable_source()->set_accelerator(v1::ACCELERATOR_TCG);
  const absl::Status status = CheckpointStates(checkpoint).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("source.accelerator"));
  EXPECT_TRUE(PlannedStates(PlanForTwo(), checkpoint).ok());
}

TEST(RestorePlanTest, ADamagedCheckpointIsRefused) {
  v1::Checkpoint none;
  none.mutable_source()->set_accelerator(v1::ACCELERATOR_KVM);
  EXPECT_THAT(std::string(CheckpointStates(none).status().message()), HasSubstr("vcpus: is empty"));
  v1::Checkpoint short_values = TwoVcpus();
  short_values.mutable_vcpus(1)->mutable_registers()->set_values("1234567");
  const absl::Status status = CheckpointStates(short_values).status();
  ASSERT_TRUE(GetErrorInfo(status).has_value()) << status;
  EXPECT_EQ(GetErrorInfo(status)->reason, ErrorReason::kRegisterListMalformed);
  v1::Checkpoint swapped = TwoVcpus();
  swapped.mutable_vcpus(0)->set_vcpu_index(1);
  EXPECT_THAT(std::string(CheckpointStates(swapped).status().message()), HasSubstr("vcpus[0].vcpu_index"));
}

}  // namespace
}  // namespace armstate
