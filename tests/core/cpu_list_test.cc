// CPU numbers as Linux lists them: Documentation/admin-guide/cputopology.rst, /sys/devices/system/cpu/online.
#include "core/cpu_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace armstate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(CpuListTest, ReadsNumbersAndRanges) {
  EXPECT_THAT(*ParseCpuList("0"), ElementsAre(0));
  EXPECT_THAT(*ParseCpuList("0-3,8"), ElementsAre(0, 1, 2, 3, 8));
  EXPECT_THAT(*ParseCpuList("2,4-31,33-63"), SizeIs(1 + 28 + 31));
  EXPECT_THAT(*ParseCpuList("0-4095"), SizeIs(4096));
}

TEST(CpuListTest, TheOrderDoesNotMatter) {
  EXPECT_THAT(*ParseCpuList("3,1,2"), ElementsAre(1, 2, 3));
  EXPECT_THAT(*ParseCpuList("0-3,2,1-4"), ElementsAre(0, 1, 2, 3, 4));
}

TEST(CpuListTest, RefusesWhatIsNoList) {
  for (const char* text :
       {"", ",", "1,", "3-1", "1-", "-1", "+1", " 1", "0x1", "4096", "0-4096", "99999999999", "1-2-3", "0-31:2", "a"}) {
    EXPECT_THAT(ParseCpuList(text).status().message(), HasSubstr("is not a list of CPU numbers below 4096")) << text;
  }
  EXPECT_EQ(ParseCpuList(std::string(256, '1')).status().message(), "the list of CPUs has 256 bytes, more than 255");
}

TEST(CpuListTest, WritesWhatLinuxWrites) {
  EXPECT_THAT(FormatCpuList({}), IsEmpty());
  EXPECT_EQ(FormatCpuList({5}), "5");
  EXPECT_EQ(FormatCpuList({0, 1}), "0-1");
  EXPECT_EQ(FormatCpuList({0, 1, 2, 3, 8, 10, 11}), "0-3,8,10-11");
}

TEST(CpuListTest, NamesCores) {
  EXPECT_EQ(CoresText("4-7", "cortex-a72"), "CPUs 4-7 (cortex-a72)");
  EXPECT_EQ(CoresText("4-7", ""), "CPUs 4-7");
  EXPECT_EQ(CoresText("8", "cortex-a72"), "CPU 8 (cortex-a72)");
  EXPECT_EQ(CoresText("", "cortex-a72"), "the cortex-a72 CPUs");
}

}  // namespace
}  // namespace armstate
