// Tests a VM's own register lists as the target of a verdict (RestoreTarget.lists).
#include <gmock/gmock.h>

#include <string>

#include "tests/server/restore_fixture.h"

namespace armstate {
namespace {

using ::testing::HasSubstr;
using StatusCode = grpc::StatusCode;

constexpr uint64_t kMmfr0 = 0x603000000013c038;  // ID_AA64MMFR0_EL1
constexpr uint64_t kSctlr = 0x603000000013c080;
constexpr uint64_t kTpidr = 0x603000000013de82;           // TPIDR_EL0
constexpr uint64_t kNonSecureSctlr = 0x40200000200f0800;  // only QEMU's emulation lists it
constexpr uint64_t kPsci = 0x6030000000140000;            // only KVM lists it

v1::CreateCheckpointRequest CheckpointOf(v1::Accelerator accelerator, v1::RegisterList list) {
  v1::CreateCheckpointRequest request;
  request.set_parent("vms/a");
  request.mutable_checkpoint()->mutable_source()->set_accelerator(accelerator);
  *request.mutable_checkpoint()->add_vcpus()->mutable_registers() = std::move(list);
  return request;
}

v1::ValidateCheckpointRequest Against(const std::string& checkpoint, v1::Accelerator accelerator,
                                      v1::RegisterList list) {
  v1::ValidateCheckpointRequest request;
  request.set_checkpoint(checkpoint);
  request.mutable_target()->mutable_lists()->set_accelerator(accelerator);
  *request.mutable_target()->mutable_lists()->add_vcpus() = std::move(list);
  return request;
}

TEST_F(RestoreTest, AConstantOfTheListsIsTheTargets) {
  // PARange: 44 bits, as a Cortex-A57 has, on a target with 40.
  const std::string name =
      Create(CheckpointOf(v1::ACCELERATOR_TCG, Registers({{kMmfr0, 0x1124}, {kSctlr, 1}, {kTpidr, 7}}))).name();
  v1::ValidateCheckpointRequest request =
      Against(name, v1::ACCELERATOR_TCG, Registers({{kMmfr0, 0x1122}, {kSctlr, 0}, {kTpidr, 0}}));
  const v1::RestoreReport report = Validate(request);
  EXPECT_EQ(report.verdict(), v1::VERDICT_REFUSED);
  const v1::RegisterReport mmfr0 = FindingOf(report.vcpus(0), kMmfr0);
  EXPECT_EQ(mmfr0.outcome(), v1::REGISTER_OUTCOME_WRITE_REFUSED);
  EXPECT_EQ(mmfr0.error(), "EPERM");
  ASSERT_EQ(mmfr0.fields_size(), 1);
  EXPECT_EQ(mmfr0.fields(0).field(), "PARange");
  EXPECT_EQ(report.vcpus(0).written_count(), 2);
  ASSERT_GE(report.notes_size(), 1);
  EXPECT_THAT(report.notes(0), HasSubstr("compared with those in the target's own state"));

  v1::Tolerance* own = request.add_tolerances();
  own->set_name("smaller-memory");
  own->set_reason("our guests use 36 bits");
  own->add_registers("ID_AA64MMFR0_EL1");
  const v1::RestoreReport tolerated = Validate(request);
  EXPECT_EQ(tolerated.verdict(), v1::VERDICT_ACCEPTED_WITH_CHANGES);
  EXPECT_EQ(FindingOf(tolerated.vcpus(0), kMmfr0).tolerance(), "smaller-memory");
}

TEST_F(RestoreTest, WhatListsOfKvmTakeIsNotKnown) {
  const std::string name =
      Create(CheckpointOf(v1::ACCELERATOR_KVM, Registers({{kMmfr0, 0x1124}, {kPsci, 0x10001}}))).name();
  EXPECT_EQ(Validate(Against(name, v1::ACCELERATOR_KVM, Registers({{kMmfr0, 0x1124}, {kPsci, 0x10001}}))).verdict(),
            v1::VERDICT_ACCEPTED);
  EXPECT_EQ(Validate(Against(name, v1::ACCELERATOR_KVM, Registers({{kMmfr0, 0x1122}, {kPsci, 0x10001}}))).verdict(),
            v1::VERDICT_UNDETERMINED);
  EXPECT_EQ(Validate(Against(name, v1::ACCELERATOR_KVM, Registers({{kMmfr0, 0x1124}}))).verdict(), v1::VERDICT_REFUSED);
}

TEST_F(RestoreTest, HostileListsAreRefused) {
  const std::string name = Create(CheckpointOf(v1::ACCELERATOR_TCG, Registers({{kTpidr, 7}}))).name();
  const auto refusal = [&](const v1::ValidateCheckpointRequest& request) {
    return Call(restore(), &RestoreStub::ValidateCheckpoint, request);
  };
  v1::ValidateCheckpointRequest request = Against(name, v1::ACCELERATOR_ENGINE, Registers({{kTpidr, 7}}));
  EXPECT_EQ(refusal(request),
            (RpcResult{StatusCode::INVALID_ARGUMENT, "FIELD_INVALID", {{"field", "target.lists.accelerator"}}}));
  request = Against(name, v1::ACCELERATOR_TCG, Registers({{kTpidr, 7}}));
  request.mutable_target()->mutable_lists()->clear_vcpus();
  EXPECT_EQ(refusal(request),
            (RpcResult{StatusCode::INVALID_ARGUMENT, "FIELD_INVALID", {{"field", "target.lists.vcpus"}}}));
  request = Against(name, v1::ACCELERATOR_TCG, Registers({{kTpidr, 7}}));
  request.mutable_target()->mutable_lists()->mutable_vcpus(0)->set_values("short");
  EXPECT_EQ(refusal(request).reason, "REGISTER_LIST_MALFORMED");
  // No vCPU has a system register of 128 bits: it is just a register that the checkpoint lacks.
  v1::RegisterList wide = Registers({{kTpidr, 7}});
  wide.add_ids(0x604000000013de83);
  wide.set_values(wide.values() + std::string(16, '\1'));
  const v1::RestoreReport report = Validate(Against(name, v1::ACCELERATOR_TCG, wide));
  EXPECT_EQ(report.verdict(), v1::VERDICT_ACCEPTED_WITH_CHANGES);
  EXPECT_EQ(FindingOf(report.vcpus(0), 0x604000000013de83).outcome(), v1::REGISTER_OUTCOME_NOT_IN_CHECKPOINT);
}

TEST_F(RestoreTest, AListIsOnlyTakenAsWhatItIs) {
  const auto refusal = [&](v1::Accelerator accelerator, uint64_t id) {
    return Call(
        checkpoints(), &CheckpointStub::CreateCheckpoint,
        CheckpointOf(accelerator, id < kTpidr ? Registers({{id, 1}, {kTpidr, 7}}) : Registers({{kTpidr, 7}, {id, 1}})));
  };
  EXPECT_EQ(refusal(v1::ACCELERATOR_TCG, kPsci),
            (RpcResult{StatusCode::INVALID_ARGUMENT,
                       "FIELD_INVALID",
                       {{"field", "checkpoint.source.accelerator"}, {"register_id", "0x6030000000140000"}}}));
  EXPECT_EQ(refusal(v1::ACCELERATOR_KVM, kNonSecureSctlr),
            (RpcResult{StatusCode::INVALID_ARGUMENT,
                       "FIELD_INVALID",
                       {{"field", "checkpoint.source.accelerator"}, {"register_id", "0x40200000200f0800"}}}));
  EXPECT_EQ(refusal(v1::ACCELERATOR_HVF, kPsci).reason, "FIELD_INVALID");
  EXPECT_EQ(refusal(v1::ACCELERATOR_KVM, kPsci), RpcResult());
  EXPECT_EQ(refusal(v1::ACCELERATOR_TCG, kNonSecureSctlr), RpcResult());
}

}  // namespace
}  // namespace armstate
