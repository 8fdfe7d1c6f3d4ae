// Tests EngineService: machine -> checkpoint -> machine.
#include <gmock/gmock.h>

#include <string>

#include "tests/server/server_fixture.h"

namespace armstate {
namespace {

using ::testing::IsEmpty;
using StatusCode = grpc::StatusCode;

constexpr char kA57[] = "qemu-7.2.virt.cortex-a57";
constexpr uint64_t kX0 = 0x6030000000100000;
constexpr uint64_t kSctlrEl1 = 0x603000000013c080;  // resets to 0xc50838
constexpr uint64_t kCtrEl0 = 0x603000000013d801;    // a constant

class EngineRestoreTest : public ServerTest {
 protected:
  v1::CaptureMachineRequest CaptureRequest(const std::string& machine) {
    v1::CaptureMachineRequest request;
    request.set_machine(machine);
    request.set_parent("vms/v");
    return request;
  }

  v1::Checkpoint Capture(const v1::CaptureMachineRequest& request) {
    v1::Checkpoint captured;
    EXPECT_EQ(Call(engine(), &EngineStub::CaptureMachine, request, &captured), RpcResult());
    return captured;
  }

  // All state of a machine.
  v1::Checkpoint StateOf(const std::string& machine) { return Get(Capture(CaptureRequest(machine)).name()); }

  RpcResult Restore(const std::string& machine, const std::string& checkpoint, v1::RestoreReport* report,
                    bool keep_going = false) {
    v1::RestoreMachineRequest request;
    request.set_machine(machine);
    request.set_checkpoint(checkpoint);
    request.set_keep_going(keep_going);
    v1::RestoreMachineResponse response;
    const RpcResult result = Call(engine(), &EngineStub::RestoreMachine, request, &response);
    *report = response.report();
    return result;
  }

  void WriteX0(const std::string& machine, uint64_t value) {
    v1::WriteRegistersRequest request;
    request.set_machine(machine);
    *request.mutable_registers() = Registers({{kX0, value}});
    EXPECT_EQ(Call(engine(), &EngineStub::WriteRegisters, request), RpcResult());
  }

  // A checkpoint of a machine with two vCPUs: X0 is 10 and 11, and both have opaque fields.
  v1::CreateCheckpointRequest TwoVcpus() {
    CreateMachine("two", kA57, 2);
    v1::CreateCheckpointRequest request;
    request.set_parent("vms/two");
    *request.mutable_checkpoint() = StateOf("machines/two");
    for (int i = 0; i < 2; ++i) {
      v1::VcpuState& vcpu = *request.mutable_checkpoint()->mutable_vcpus(i);
      SetValue(*vcpu.mutable_registers(), kX0, 10 + i);
      v1::OpaqueField* field = vcpu.add_opaque_fields();
      field->set_name("env.exclusive_addr");
      field->set_data(std::string(8, static_cast<char>(0xf0 + i)));
    }
    return request;
  }
};

TEST_F(EngineRestoreTest, ACaptureSaysWhereItComesFrom) {
  CreateMachine("m", kA57);
  v1::CaptureMachineRequest request = CaptureRequest("machines/m");
  (*request.mutable_labels())["before"] = "upgrade";
  const v1::Checkpoint captured = Capture(request);
  EXPECT_EQ(captured.name(), "vms/v/checkpoints/1");
  EXPECT_EQ(captured.source().accelerator(), v1::ACCELERATOR_ENGINE);
  EXPECT_EQ(captured.source().cpu_profile(), "cpuProfiles/qemu-7.2.virt.cortex-a57");
  EXPECT_EQ(captured.labels().at("before"), "upgrade");
  EXPECT_GT(captured.capture_time().seconds(), 1700000000);
  EXPECT_EQ(captured.register_count(), 333);
  EXPECT_THAT(captured.vcpus(), IsEmpty());
}

TEST_F(EngineRestoreTest, ARetriedCaptureReturnsTheFirstAnswer) {
  CreateMachine("m", kA57);
  v1::CaptureMachineRequest request = CaptureRequest("machines/m");
  request.set_request_id("r1");
  const v1::Checkpoint first = Capture(request);
  WriteX0("machines/m", 7);
  EXPECT_EQ(Capture(request).DebugString(), first.DebugString());
  (*request.mutable_labels())["other"] = "request";
  EXPECT_EQ(
      Call(engine(), &EngineStub::CaptureMachine, request),
      (RpcResult{
          StatusCode::ALREADY_EXISTS, "REQUEST_ID_REUSED", {{"request_id", "r1"}, {"name", "vms/v/checkpoints/1"}}}));
}

TEST_F(EngineRestoreTest, RoundTripWithOpaqueFields) {
  const v1::CreateCheckpointRequest stored = TwoVcpus();
  const std::string checkpoint = Create(stored).name();
  CreateMachine("target", kA57, 2);
  v1::RestoreReport report;
  ASSERT_EQ(Restore("machines/target", checkpoint, &report), RpcResult());
  EXPECT_EQ(report.verdict(), v1::VERDICT_ACCEPTED);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(report.vcpus(i).written_count(), 1);
    EXPECT_EQ(report.vcpus(i).unchanged_count(), 332);
  }
  Restart();
  v1::Checkpoint state = StateOf("machines/target");
  ASSERT_EQ(state.vcpus_size(), 2);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(state.vcpus(i).DebugString(), stored.checkpoint().vcpus(i).DebugString());
  }

  v1::ResetMachineRequest reset;
  reset.set_name("machines/target");
  EXPECT_EQ(Call(engine(), &EngineStub::ResetMachine, reset), RpcResult());
  state = StateOf("machines/target");
  EXPECT_THAT(state.vcpus(1).opaque_fields(), IsEmpty());
  EXPECT_EQ(ValueOf(state.vcpus(1).registers(), kX0), 0u);
}

TEST_F(EngineRestoreTest, ARefusalByTheLastVcpuLeavesAllAsTheyWere) {
  v1::CreateCheckpointRequest stored = TwoVcpus();
  SetValue(*stored.mutable_checkpoint()->mutable_vcpus(1)->mutable_registers(), kCtrEl0, 0x84448004);
  const std::string checkpoint = Create(stored).name();
  CreateMachine("target", kA57, 2);
  WriteX0("machines/target", 99);
  v1::RestoreReport report;
  ASSERT_EQ(Restore("machines/target", checkpoint, &report), RpcResult());
  EXPECT_EQ(report.verdict(), v1::VERDICT_REFUSED);
  EXPECT_TRUE(report.rolled_back());
  ASSERT_EQ(report.vcpus_size(), 2);
  EXPECT_THAT(report.vcpus(0).registers(), IsEmpty());
  ASSERT_EQ(report.vcpus(1).registers_size(), 1);
  EXPECT_EQ(report.vcpus(1).registers(0).name(), "CTR_EL0");
  v1::Checkpoint state = StateOf("machines/target");
  EXPECT_EQ(ValueOf(state.vcpus(0).registers(), kX0), 99u);
  EXPECT_EQ(ValueOf(state.vcpus(1).registers(), kX0), 0u);
  EXPECT_THAT(state.vcpus(0).opaque_fields(), IsEmpty());

  ASSERT_EQ(Restore("machines/target", checkpoint, &report, /*keep_going=*/true), RpcResult());
  EXPECT_EQ(report.verdict(), v1::VERDICT_REFUSED);
  EXPECT_FALSE(report.rolled_back());
  state = StateOf("machines/target");
  EXPECT_EQ(ValueOf(state.vcpus(0).registers(), kX0), 10u);
  EXPECT_EQ(ValueOf(state.vcpus(1).registers(), kX0), 11u);
  EXPECT_EQ(ValueOf(state.vcpus(1).registers(), kCtrEl0), 0x8444c004u);
  EXPECT_EQ(state.vcpus(0).opaque_fields_size(), 1);
}

TEST_F(EngineRestoreTest, AllRegistersOfARolledBackRestoreArePutBack) {
  v1::CreateCheckpointRequest stored = TwoVcpus();
  SetValue(*stored.mutable_checkpoint()->mutable_vcpus(1)->mutable_registers(), kCtrEl0, 0);
  v1::RestoreMachineRequest request;
  request.set_machine("machines/two");
  request.set_checkpoint(Create(stored).name());
  request.set_all_registers(true);
  v1::RestoreMachineResponse response;
  ASSERT_EQ(Call(engine(), &EngineStub::RestoreMachine, request, &response), RpcResult());
  EXPECT_EQ(response.checkpoint(), "vms/two/checkpoints/1");
  for (const v1::VcpuRestoreReport& vcpu : response.report().vcpus()) {
    ASSERT_EQ(vcpu.registers_size(), 333);
    for (const v1::RegisterReport& finding : vcpu.registers()) {
      EXPECT_EQ(finding.put_back(), finding.register_id() == kX0) << finding.DebugString();
    }
  }
}

TEST_F(EngineRestoreTest, MissingRegistersKeepTheMachinesValues) {
  CreateMachine("m", kA57);
  v1::CreateCheckpointRequest stored;
  stored.set_parent("vms/x");
  *stored.mutable_checkpoint() = StateOf("machines/m");
  Remove(*stored.mutable_checkpoint()->mutable_vcpus(0)->mutable_registers(), kX0);
  SetValue(*stored.mutable_checkpoint()->mutable_vcpus(0)->mutable_registers(), kSctlrEl1, 0x30d5d91d);
  WriteX0("machines/m", 5);
  v1::RestoreReport report;
  ASSERT_EQ(Restore("machines/m", Create(stored).name(), &report), RpcResult());
  EXPECT_EQ(report.verdict(), v1::VERDICT_ACCEPTED_WITH_CHANGES);
  ASSERT_EQ(report.vcpus(0).registers_size(), 1);
  EXPECT_EQ(report.vcpus(0).registers(0).name(), "X0");
  EXPECT_EQ(report.vcpus(0).registers(0).got(), std::string("\5\0\0\0\0\0\0\0", 8));
  const v1::Checkpoint state = StateOf("machines/m");
  EXPECT_EQ(ValueOf(state.vcpus(0).registers(), kX0), 5u);
  EXPECT_EQ(ValueOf(state.vcpus(0).registers(), kSctlrEl1), 0x30d5d91du);
}

TEST_F(EngineRestoreTest, WhatDoesNotFitOrIsNotThere) {
  const std::string checkpoint = Create(TwoVcpus()).name();
  CreateMachine("one", kA57, 1);
  v1::RestoreReport report;
  EXPECT_EQ(
      Restore("machines/one", checkpoint, &report),
      (RpcResult{
          StatusCode::FAILED_PRECONDITION, "VCPU_COUNT_DIFFERS", {{"checkpoint_vcpus", "2"}, {"target_vcpus", "1"}}}));
  const RpcResult no_machine{StatusCode::NOT_FOUND, "MACHINE_NOT_FOUND", {{"name", "machines/none"}}};
  EXPECT_EQ(Restore("machines/none", checkpoint, &report), no_machine);
  EXPECT_EQ(Call(engine(), &EngineStub::CaptureMachine, CaptureRequest("machines/none")), no_machine);
  EXPECT_EQ(Restore("machines/one", "vms/two/checkpoints/9", &report),
            (RpcResult{StatusCode::NOT_FOUND, "CHECKPOINT_NOT_FOUND", {{"name", "vms/two/checkpoints/9"}}}));
  v1::CaptureMachineRequest capture = CaptureRequest("machines/one");
  capture.set_parent("vms/");
  EXPECT_EQ(Call(engine(), &EngineStub::CaptureMachine, capture).reason, "RESOURCE_NAME_INVALID");
  capture = CaptureRequest("machines/one");
  capture.set_request_id(std::string(65, 'r'));
  EXPECT_EQ(Call(engine(), &EngineStub::CaptureMachine, capture),
            (RpcResult{StatusCode::INVALID_ARGUMENT, "FIELD_INVALID", {{"field", "request_id"}}}));
}

}  // namespace
}  // namespace armstate
