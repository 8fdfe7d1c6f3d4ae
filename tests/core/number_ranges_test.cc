#include "core/number_ranges.h"

#include <gtest/gtest.h>

namespace armstate {
namespace {

TEST(NumberRanges, NamesRangesOfThreeAndMore) {
  EXPECT_EQ(NumberRanges({1}), "1");
  EXPECT_EQ(NumberRanges({0, 1}), "0 or 1");
  EXPECT_EQ(NumberRanges({0, 1, 2}), "0 to 2");
  EXPECT_EQ(NumberRanges({0, 1, 15}), "0, 1 or 15");
  EXPECT_EQ(NumberRanges({0, 1, 2, 3, 7, 9, 10, 11}, "and"), "0 to 3, 7 and 9 to 11");
  EXPECT_EQ(NumberRanges({}), "");
  EXPECT_EQ(NumberRanges({~uint64_t{0}}), "18446744073709551615");
}

}  // namespace
}  // namespace armstate
