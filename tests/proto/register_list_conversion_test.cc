#include "proto/register_list_conversion.h"

#include <string>
#include <utility>

#include "core/error.h"
#include "gtest/gtest.h"

namespace armstate {
namespace {

constexpr uint64_t kMidr = 0x603000000013c000;      // 64 bits
constexpr uint64_t kSctlr = 0x603000000013c080;     // 64 bits
constexpr uint64_t kCp15Midr = 0x40200000000f0000;  // 32 bits

v1::RegisterList TwoRegisters() {
  v1::RegisterList message;
  message.add_ids(kCp15Midr);
  message.add_ids(kMidr);
  message.set_values(std::string("\x01\x02\x03\x04\x11\x12\x13\x14\x15\x16\x17\x18", 12));
  return message;
}

TEST(RegisterListConversion, FromProto) {
  const absl::StatusOr<RegisterList> list = RegisterListFromProto(TwoRegisters());
  ASSERT_TRUE(list.ok()) << list.status();
  ASSERT_EQ(list->size(), 2u);
  EXPECT_EQ(LowWord(list->value(0)), 0x04030201u);
  EXPECT_EQ(LowWord(list->value(1)), 0x1817161514131211u);
}

TEST(RegisterListConversion, ThereAndBackAreTheSameBytes) {
  absl::StatusOr<RegisterList> list = RegisterListFromProto(TwoRegisters());
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_EQ(RegisterListToProto(*std::move(list)).SerializeAsString(), TwoRegisters().SerializeAsString());
}

TEST(RegisterListConversion, ValuesAreMovedBothWays) {
  v1::RegisterList message;
  message.add_ids(0x6080000000150000);  // 2048 bits: no short string
  message.set_values(std::string(256, 'v'));
  const void* bytes = message.values().data();
  absl::StatusOr<RegisterList> list = RegisterListFromProto(std::move(message));
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_EQ(list->values().data(), bytes);
  EXPECT_EQ(RegisterListToProto(*std::move(list)).values().data(), bytes);
}

TEST(RegisterListConversion, SharesTheLikelyLayoutOnlyIfItIsTheSame) {
  const absl::StatusOr<RegisterList> first = RegisterListFromProto(TwoRegisters());
  ASSERT_TRUE(first.ok()) << first.status();
  const absl::StatusOr<RegisterList> same = RegisterListFromProto(TwoRegisters(), first->shared_layout());
  ASSERT_TRUE(same.ok()) << same.status();
  EXPECT_EQ(same->shared_layout(), first->shared_layout());
  v1::RegisterList other = TwoRegisters();
  other.set_ids(1, kSctlr);
  const absl::StatusOr<RegisterList> different = RegisterListFromProto(std::move(other), first->shared_layout());
  ASSERT_TRUE(different.ok()) << different.status();
  EXPECT_EQ(different->id(1).raw(), kSctlr);
}

TEST(RegisterListConversion, RefusesWhatIsNoList) {
  struct {
    const char* name;
    std::initializer_list<uint64_t> ids;
    size_t bytes;
    ErrorReason reason;
  } const kCases[] = {
      {"unsorted", {kMidr, kCp15Midr}, 12, ErrorReason::kRegisterListMalformed},
      {"twice", {kMidr, kMidr}, 16, ErrorReason::kRegisterListMalformed},
      {"short values", {kCp15Midr, kMidr}, 11, ErrorReason::kRegisterListMalformed},
      {"long values", {kCp15Midr, kMidr}, 13, ErrorReason::kRegisterListMalformed},
      {"values without registers", {}, 1, ErrorReason::kRegisterListMalformed},
      {"no architecture", {0x0030000000000000}, 8, ErrorReason::kRegisterIdInvalid},
      {"4096 bits", {0x6090000000000000}, 512, ErrorReason::kRegisterIdInvalid},
  };
  for (const auto& test : kCases) {
    v1::RegisterList message;
    for (const uint64_t id : test.ids) message.add_ids(id);
    message.set_values(std::string(test.bytes, '\0'));
    const absl::Status status = RegisterListFromProto(std::move(message)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << test.name;
    const absl::optional<ErrorInfo> info = GetErrorInfo(status);
    ASSERT_TRUE(info) << test.name;
    EXPECT_EQ(info->reason, test.reason) << test.name << ": " << status;
  }
}

}  // namespace
}  // namespace armstate
