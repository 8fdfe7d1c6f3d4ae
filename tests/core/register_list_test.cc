#include "core/register_list.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/error.h"

namespace armstate {
namespace {

constexpr uint64_t kSctlr = 0x603000000013c080;
constexpr uint64_t kV0 = 0x6040000000100054;
constexpr uint64_t kFpsr = 0x60200000001000d4;

TEST(RegisterListTest, LaysValuesOutWithoutPadding) {
  const auto list =
      RegisterList::Create({kFpsr, kSctlr, kV0}, std::string("\x01\x02\x03\x04", 4) + "abcdefgh" + "0123456789abcdef");
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_EQ(list->value(0), "\x01\x02\x03\x04");
  EXPECT_EQ(LowWord(list->value(0)), 0x04030201u);
  EXPECT_EQ(FormatValue(list->value(0)), "0x04030201");
  EXPECT_EQ(list->value(1), "abcdefgh");
  EXPECT_EQ(*list->Find(RegisterId::Known<kV0>()), "0123456789abcdef");
  EXPECT_FALSE(list->Find(RegisterId::Known<0x603000000013c100>()).has_value());
}

// The seed of 2013 compared 32-bit keys by subtraction, which put 64-bit registers in the wrong place.
TEST(RegisterListTest, SortsByTheWholeIdUnsigned) {
  RegisterListBuilder builder;
  builder.Add(RegisterId::Known<kSctlr>(), 1);
  builder.Add(RegisterId::Known<0x40300000000f0380>(), 2);
  builder.Add(RegisterId::Known<0x40200000200f0000>(), 3);
  builder.Add(RegisterId::Known<0x40200000000f0800>(), 4);
  const auto list = std::move(builder).Build();
  ASSERT_TRUE(list.ok());
  EXPECT_EQ(std::vector<uint64_t>(list->layout().raw_ids().begin(), list->layout().raw_ids().end()),
            (std::vector<uint64_t>{0x40200000000f0800, 0x40200000200f0000, 0x40300000000f0380, kSctlr}));
  EXPECT_EQ(LowWord(list->value(1)), 3u);
}

struct BadList {
  const char* name;
  std::vector<uint64_t> ids;
  size_t values_size;
  ErrorReason reason;
  const char* says;
};

class BadRegisterListTest : public testing::TestWithParam<BadList> {};

TEST_P(BadRegisterListTest, IsRefused) {
  const auto list = RegisterList::Create(GetParam().ids, std::string(GetParam().values_size, 'x'));
  ASSERT_EQ(list.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(GetErrorInfo(list.status())->reason, GetParam().reason);
  EXPECT_NE(list.status().message().find(GetParam().says), absl::string_view::npos) << list.status();
}

INSTANTIATE_TEST_SUITE_P(
    AllWays, BadRegisterListTest,
    testing::Values(
        BadList{"Unsorted",
                {kSctlr, kFpsr},
                12,
                ErrorReason::kRegisterListMalformed,
                "position 1: 0x60200000001000d4 is not above"},
        BadList{
            "Duplicate", {kFpsr, kFpsr}, 8, ErrorReason::kRegisterListMalformed, "0x60200000001000d4 is there twice"},
        BadList{"TooShort", {kSctlr}, 7, ErrorReason::kRegisterListMalformed, "add up to 8 bytes, but it has 7"},
        BadList{"TooLong", {kSctlr}, 9, ErrorReason::kRegisterListMalformed, "add up to 8 bytes, but it has 9"},
        BadList{
            "ForeignId", {0x2030000000000000}, 8, ErrorReason::kRegisterIdInvalid, "position 0: 0x2030000000000000"}),
    [](const auto& info) { return info.param.name; });

TEST(RegisterListBuilderTest, RefusesARegisterAddedTwice) {
  RegisterListBuilder builder;
  builder.Add(RegisterId::Known<kSctlr>(), 1);
  builder.Add(RegisterId::Known<kSctlr>(), 1);
  EXPECT_EQ(GetErrorInfo(std::move(builder).Build().status())->reason, ErrorReason::kRegisterListMalformed);
}

}  // namespace
}  // namespace armstate
