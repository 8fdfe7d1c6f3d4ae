// The DECODED view of GetCheckpoint, on register lists of real QEMU guests.
#include <gmock/gmock.h>

#include <map>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/qemu/capture.h"
#include "proto/vcpu_state_conversion.h"
#include "tests/client/qemu/corpus.h"
#include "tests/client/qemu/expected_registers.h"
#include "tests/server/server_fixture.h"

namespace armstate {
namespace {

using ::testing::IsEmpty;
using StatusCode = grpc::StatusCode;

constexpr char kStream[] = "virt.cortex-a53.smp2";

class DecodedViewTest : public ServerTest {
 protected:
  void Push(v1::Accelerator accelerator = v1::ACCELERATOR_TCG) {
    absl::StatusOr<QemuCapture> capture = CaptureQemuStream(CorpusStream(kStream));
    ASSERT_TRUE(capture.ok()) << capture.status();
    v1::CreateCheckpointRequest request;
    request.set_parent("vms/a");
    request.mutable_checkpoint()->mutable_source()->set_accelerator(accelerator);
    for (VcpuState& vcpu : capture->vcpus) {
      *request.mutable_checkpoint()->add_vcpus() = VcpuStateToProto(std::move(vcpu));
    }
    Create(request);
  }

  static v1::GetCheckpointRequest Request(const std::vector<std::string>& registers = {}) {
    v1::GetCheckpointRequest request;
    request.set_name("vms/a/checkpoints/1");
    request.set_view(v1::CHECKPOINT_VIEW_DECODED);
    request.mutable_registers()->Assign(registers.begin(), registers.end());
    return request;
  }

  v1::Checkpoint Decoded(const v1::GetCheckpointRequest& request) {
    v1::Checkpoint checkpoint;
    EXPECT_EQ(Call(checkpoints(), &CheckpointStub::GetCheckpoint, request, &checkpoint), RpcResult());
    EXPECT_THAT(checkpoint.vcpus(), IsEmpty());
    return checkpoint;
  }

  RpcResult Refusal(const v1::GetCheckpointRequest& request) {
    return Call(checkpoints(), &CheckpointStub::GetCheckpoint, request);
  }
};

// The value of a field; empty if the register does not have it.
std::string FieldOf(const v1::DecodedRegister& decoded, const std::string& name) {
  for (const v1::DecodedValue& field : decoded.fields()) {
    if (field.name() == name) return field.value();
  }
  return "";
}

TEST_F(DecodedViewTest, AllRegistersAsAnIndependentParserHasThem) {
  Push();
  const v1::Checkpoint checkpoint = Decoded(Request());
  const std::vector<nlohmann::json> lists = CorpusLists(kStream);
  ASSERT_EQ(checkpoint.decoded_vcpus_size(), 2);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(checkpoint.decoded_vcpus(i).vcpu_index(), i);
    std::map<uint64_t, std::string> values;
    for (const v1::DecodedRegister& decoded : checkpoint.decoded_vcpus(i).registers()) {
      uint64_t id = 0;
      ASSERT_TRUE(absl::SimpleHexAtoi(decoded.id(), &id)) << decoded.id();
      values[id] = decoded.value();
      EXPECT_THAT(decoded.fields(), IsEmpty()) << decoded.name();
      if (decoded.name() == "SCTLR_EL1") {
        EXPECT_EQ(decoded.id(), "0x603000000013c080");
        EXPECT_EQ(decoded.value(), "0x0000000004c51838");
      }
    }
    EXPECT_EQ(values, ExpectedRegisters(lists[static_cast<size_t>(i)])) << "vCPU " << i;
  }
}

TEST_F(DecodedViewTest, ChosenRegistersHaveTheirFieldsInTheOrderOfTheRequest) {
  Push();
  v1::GetCheckpointRequest request = Request({"sctlr_el1", "SCTLR_EL1.I", "PC"});
  request.add_vcpu_indexes(1);
  const v1::Checkpoint checkpoint = Decoded(request);
  ASSERT_EQ(checkpoint.decoded_vcpus_size(), 1);
  EXPECT_EQ(checkpoint.decoded_vcpus(0).vcpu_index(), 1);
  const auto& registers = checkpoint.decoded_vcpus(0).registers();
  ASSERT_EQ(registers.size(), 3);
  // Arm ARM, SCTLR_EL1: I is bit 12, M bit 0; in 0x04c51838 bit 12 is set, bit 0 is not.
  EXPECT_EQ(registers[0].name(), "SCTLR_EL1");
  EXPECT_EQ(FieldOf(registers[0], "I"), "0x1");
  EXPECT_EQ(FieldOf(registers[0], "M"), "0x0");
  ASSERT_EQ(registers[1].fields_size(), 1);
  EXPECT_EQ(FieldOf(registers[1], "I"), "0x1");
  EXPECT_EQ(registers[2].name(), "PC");
  EXPECT_THAT(registers[2].fields(), IsEmpty());
}

TEST_F(DecodedViewTest, AnAArch32NameFindsTheAArch64Register) {
  Push();
  const v1::Checkpoint checkpoint = Decoded(Request({"CSSELR", "SCTLR.I"}));
  const auto& registers = checkpoint.decoded_vcpus(0).registers();
  ASSERT_EQ(registers.size(), 2);
  EXPECT_EQ(registers[0].name(), "CSSELR_EL1");
  EXPECT_EQ(registers[0].id(), "0x603000000013d000");
  EXPECT_EQ(registers[1].name(), "SCTLR_EL1");
  EXPECT_EQ(FieldOf(registers[1], "I"), "0x1");
}

TEST_F(DecodedViewTest, FieldsOfAllRegistersOnRequest) {
  Push();
  v1::GetCheckpointRequest request = Request();
  request.set_include_fields(true);
  const v1::Checkpoint checkpoint = Decoded(request);
  int with_fields = 0;
  for (const v1::DecodedRegister& decoded : checkpoint.decoded_vcpus(0).registers()) {
    with_fields += !decoded.fields().empty();
    if (decoded.name() == "SCTLR_EL1") EXPECT_EQ(FieldOf(decoded, "I"), "0x1");
  }
  EXPECT_GT(with_fields, 20);
}

// KVM has a 32-bit guest's registers within those of AArch64 (Arm ARM, "SCTLR": mapped to SCTLR_EL1[31:0]; "IFAR": to
// FAR_EL1[63:32]).
TEST_F(DecodedViewTest, AnAArch32GuestHasItsOwnRegisters) {
  RegisterListBuilder builder;
  builder.Add(*RegisterId::Create(0x6030000000100042), 0x1d3);               // PSTATE: Supervisor
  builder.Add(*RegisterId::Create(0x603000000013c080), 0xc50078);            // SCTLR_EL1
  builder.Add(*RegisterId::Create(0x603000000013c300), 0x1000200030004000);  // FAR_EL1
  VcpuState vcpu;
  vcpu.registers = *std::move(builder).Build();
  v1::CreateCheckpointRequest request;
  request.set_parent("vms/a");
  request.mutable_checkpoint()->mutable_source()->set_accelerator(v1::ACCELERATOR_KVM);
  *request.mutable_checkpoint()->add_vcpus() = VcpuStateToProto(std::move(vcpu));
  Create(request);
  const v1::Checkpoint checkpoint = Decoded(Request({"SCTLR", "IFAR", "SCTLR_EL1"}));
  ASSERT_EQ(checkpoint.decoded_vcpus_size(), 1);
  std::string shown;
  for (const v1::DecodedRegister& decoded : checkpoint.decoded_vcpus(0).registers()) {
    absl::StrAppend(&shown, decoded.name(), " ", decoded.value(), " ", decoded.id(), "\n");
  }
  EXPECT_EQ(shown,
            "SCTLR 0x00c50078 0x603000000013c080\n"
            "IFAR 0x10002000 0x603000000013c300\n"
            "SCTLR_EL1 0x0000000000c50078 0x603000000013c080\n");
}

TEST_F(DecodedViewTest, RefusesNamesThatItDoesNotKnow) {
  Push();
  RpcResult result = Refusal(Request({"SCTRL_EL1"}));
  EXPECT_EQ(result.code, StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(result.reason, "REGISTER_NAME_UNKNOWN");
  EXPECT_EQ(result.metadata["nearest"], "SCTLR_EL1");
  result = Refusal(Request({"ZCR_EL1"}));
  EXPECT_EQ(result, (RpcResult{StatusCode::NOT_FOUND, "REGISTER_NOT_FOUND", {{"register_id", "0x603000000013c090"}}}));
  EXPECT_EQ(result.message, "vCPU 0 has no register ZCR_EL1 (0x603000000013c090)");
}

// 512 vCPUs of 1024 registers are allowed; their decoded form does not fit into an answer.
TEST_F(DecodedViewTest, MoreThanAnAnswerHoldsIsRefused) {
  v1::CreateCheckpointRequest large;
  large.set_parent("vms/a");
  large.mutable_checkpoint()->mutable_source()->set_accelerator(v1::ACCELERATOR_KVM);
  for (int i = 0; i < 512; ++i) {
    v1::VcpuState& vcpu = *large.mutable_checkpoint()->add_vcpus();
    vcpu.set_vcpu_index(i);
    for (uint64_t k = 0; k < 1000; ++k) vcpu.mutable_registers()->add_ids(0x6030000000138000 + k);
    vcpu.mutable_registers()->set_values(std::string(8000, '\1'));
  }
  Create(large);
  RpcResult result = Refusal(Request());
  EXPECT_EQ(result.code, StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(result.reason, "FIELD_INVALID");
  EXPECT_EQ(result.metadata["limit"], "16777216");
  v1::GetCheckpointRequest some = Request();
  for (int i = 0; i < 8; ++i) some.add_vcpu_indexes(500 + i);
  EXPECT_EQ(Decoded(some).decoded_vcpus_size(), 8);
}

}  // namespace
}  // namespace armstate
