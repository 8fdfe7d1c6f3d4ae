#include "proto/vcpu_state_conversion.h"

#include <utility>

#include "core/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace armstate {
namespace {

using ::testing::HasSubstr;

v1::VcpuState Message() {
  v1::VcpuState message;
  message.set_vcpu_index(3);
  message.mutable_registers()->add_ids(0x603000000013c080);
  message.mutable_registers()->set_values("\x01\x02\x03\x04\x05\x06\x07\x08");
  v1::OpaqueField* field = message.add_opaque_fields();
  field->set_name("env.exclusive_addr");
  field->set_data(std::string("\xff\x00\xff", 3));
  message.add_opaque_fields()->set_name("cpu/m");
  return message;
}

TEST(VcpuStateConversion, FromProto) {
  const absl::StatusOr<VcpuState> state = VcpuStateFromProto(Message());
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(state->vcpu_index, 3);
  EXPECT_EQ(LowWord(state->registers.value(0)), 0x0807060504030201u);
  ASSERT_EQ(state->opaque_fields.size(), 2u);
  EXPECT_EQ(state->opaque_fields[0].name, "env.exclusive_addr");
  EXPECT_EQ(state->opaque_fields[0].data, std::string("\xff\x00\xff", 3));
  EXPECT_EQ(state->opaque_fields[1].name, "cpu/m");
  EXPECT_EQ(state->opaque_fields[1].data, "");
}

TEST(VcpuStateConversion, ThereAndBackAreTheSameBytes) {
  absl::StatusOr<VcpuState> state = VcpuStateFromProto(Message());
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(VcpuStateToProto(*std::move(state)).SerializeAsString(), Message().SerializeAsString());
}

TEST(VcpuStateConversion, AMalformedListNamesTheVcpu) {
  v1::VcpuState message = Message();
  message.mutable_registers()->set_values("short");
  const absl::Status status = VcpuStateFromProto(std::move(message)).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("vCPU 3"));
  ASSERT_TRUE(GetErrorInfo(status));
  EXPECT_EQ(GetErrorInfo(status)->reason, ErrorReason::kRegisterListMalformed);
}

TEST(CaptureGapConversion, WithAndWithoutRegister) {
  v1::CaptureGap message;
  message.set_vcpu_index(1);
  message.set_register_id(0x6080000000150000);
  message.set_reason("vectors beyond 1024 bits are not in the stream");
  absl::StatusOr<CaptureGap> gap = CaptureGapFromProto(message);
  ASSERT_TRUE(gap.ok()) << gap.status();
  EXPECT_EQ(gap->vcpu_index, 1);
  EXPECT_EQ(gap->register_id->raw(), 0x6080000000150000u);
  EXPECT_EQ(CaptureGapToProto(*gap).SerializeAsString(), message.SerializeAsString());

  message.clear_register_id();
  gap = CaptureGapFromProto(message);
  ASSERT_TRUE(gap.ok()) << gap.status();
  EXPECT_FALSE(gap->register_id);
  EXPECT_EQ(CaptureGapToProto(*gap).SerializeAsString(), message.SerializeAsString());
}

TEST(CaptureGapConversion, RefusesWhatIsNoRegisterId) {
  v1::CaptureGap message;
  message.set_register_id(1);
  const absl::Status status = CaptureGapFromProto(message).status();
  ASSERT_TRUE(GetErrorInfo(status)) << status;
  EXPECT_EQ(GetErrorInfo(status)->reason, ErrorReason::kRegisterIdInvalid);
}

}  // namespace
}  // namespace armstate
