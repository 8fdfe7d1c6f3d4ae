// diff, history and search against a real server. Field positions are the Arm ARM's.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/cli/commands/run_command.h"
#include "tests/server/server_fixture.h"

namespace armstate {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

class QueriesTest : public ServerTest {
 protected:
  CommandResult Run(std::vector<std::string> arguments) { return RunCommand(target(), std::move(arguments)); }
};

// SCTLR_EL1.M is bit 0, .C bit 2.
TEST_F(QueriesTest, DiffShowsRegistersAndFields) {
  Create(SmallRequest("vms/web-1", 0x30d00800, 2));
  v1::CreateCheckpointRequest request = SmallRequest("vms/web-1", 0x30d00805, 1);
  v1::OpaqueField& field = *request.mutable_checkpoint()->mutable_vcpus(0)->add_opaque_fields();
  field.set_name("env.power_state");
  field.set_data(std::string("\0\1", 2));
  Create(request);
  CommandResult result = Run({"diff", "web-1@1", "web-1"});
  EXPECT_EQ(result.exit_status, 0) << result;
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(result.out,
            "vms/web-1/checkpoints/1 -> vms/web-1/checkpoints/2\n"
            "vCPU 0: 1 register differs, 1 is equal\n"
            "  control\n"
            "    SCTLR_EL1  0x0000000030d00800 -> 0x0000000030d00805\n"
            "      C: 0x0 -> 0x1\n"
            "      M: 0x0 -> 0x1\n"
            "  other state (bytes as in the source)\n"
            "    env.power_state  - -> 0001\n"
            "vCPU 1: only in vms/web-1/checkpoints/1\n");
  result = Run({"diff", "web-1@1", "web-1", "--vcpu", "0", "--all"});
  EXPECT_THAT(result.out, HasSubstr("  other system\n    TPIDR_EL1  0x0000000000000000\n"));
  EXPECT_THAT(result.out, Not(HasSubstr("vCPU 1")));
  EXPECT_THAT(Run({"diff", "web-1@1", "web-1@1"}).out, HasSubstr("vCPU 0: no register differs, 2 are equal\n"));
}

TEST_F(QueriesTest, DiffEndsWithAStatusIfAsked) {
  Create(SmallRequest("vms/web-1", 1));
  Create(SmallRequest("vms/web-1", 2));
  EXPECT_EQ(Run({"diff", "web-1@1", "web-1@2"}).exit_status, 0);
  EXPECT_EQ(Run({"diff", "web-1@1", "web-1@2", "--exit-code"}).exit_status, 5);
  EXPECT_EQ(Run({"diff", "web-1@1", "web-1@1", "--exit-code"}).exit_status, 0);
  const CommandResult json = Run({"diff", "web-1@1", "web-1@2", "--exit-code", "--output=json"});
  EXPECT_EQ(json.exit_status, 5);
  EXPECT_THAT(json.out, AllOf(HasSubstr("\"name\": \"SCTLR_EL1\""), HasSubstr("\"group\": \"REGISTER_GROUP_CONTROL\""),
                              HasSubstr("\"differentCount\": 1")));
}

TEST_F(QueriesTest, DiffOfAMachineAndWhatIsNotThere) {
  Create(SmallRequest("vms/web-1", 1));
  CreateMachine("lab", "qemu-7.2.virt.cortex-a57");
  EXPECT_THAT(Run({"diff", "web-1", "machines/lab"}).out,
              StartsWith("vms/web-1/checkpoints/1 -> machines/lab\nnote: "));
  CommandResult result = Run({"diff", "web-1", "machines/none"});
  EXPECT_EQ(result.exit_status, 1) << result;
  EXPECT_THAT(result.err, HasSubstr("'armstate machine list'"));
  result = Run({"diff", "web-1", "web-1@7"});
  EXPECT_EQ(result.exit_status, 1) << result;
  EXPECT_THAT(result.err, HasSubstr("'armstate list web-1'"));
  EXPECT_EQ(Run({"diff", "web-1"}).exit_status, 2);
}

TEST_F(QueriesTest, HistoryIsATableOfChanges) {
  for (const uint64_t value : {0x30d00800, 0x30d00800, 0x30d00801}) Create(SmallRequest("vms/web-1", value, 2));
  CommandResult result = Run({"history", "web-1", "SCTLR_EL1.M"});
  EXPECT_EQ(result.exit_status, 0) << result;
  EXPECT_THAT(result.out, MatchesRegex("VERSION  TIME                  VALUE  MEANING\n"
                                       "1        ....-..-.. ..:..:..Z  0x0\n"
                                       "3        ....-..-.. ..:..:..Z  0x1\n"));
  result = Run({"history", "web-1", "TPIDR_EL1", "--vcpu", "1", "--all"});
  EXPECT_THAT(result.out, AllOf(HasSubstr("\n1  "), HasSubstr("\n2  "), HasSubstr("\n3  ")));
  EXPECT_THAT(result.out, HasSubstr("0x0000000000000001"));
  EXPECT_THAT(Run({"history", "web-1", "SCTLR_EL1", "--vcpu", "7"}).out, HasSubstr("vCPU 7 has no such register"));
  EXPECT_THAT(Run({"history", "web-1", "SCTLR_EL1", "--output=json"}).out, HasSubstr("\"readVersions\": \"3\""));

  result = Run({"history", "web-1", "SCTLR_EL11"});
  EXPECT_EQ(result.exit_status, 1) << result;
  EXPECT_THAT(result.err, HasSubstr("did you mean SCTLR_EL1?\n"));
  EXPECT_EQ(Run({"history", "none", "SCTLR_EL1"}).exit_status, 1);
}

TEST_F(QueriesTest, SearchShowsTheValuesThatTheFilterNames) {
  Create(SmallRequest("vms/web-1", 0x30d00800, 2));
  Create(SmallRequest("vms/web-2", 0x30d00801, 2));
  Create(SmallRequest("vms/web-3", 0x30d00800, 2));
  CommandResult result = Run({"search", "SCTLR_EL1.M = 0 AND vcpu = 1 AND TPIDR_EL1 < 5"});
  EXPECT_EQ(result.exit_status, 0) << result;
  EXPECT_EQ(result.err, "");
  EXPECT_THAT(result.out,
              MatchesRegex("VM     VERSION  CREATED               VCPU  SCTLR_EL1.M  TPIDR_EL1\n"
                           "web-1  1        ....-..-.. ..:..:..Z  1     0x0          0x0000000000000001\n"
                           "web-3  1        ....-..-.. ..:..:..Z  1     0x0          0x0000000000000001\n"));
  EXPECT_EQ(Run({"search", "TPIDR_EL1 = 1", "--vcpus", "all"}).out, "nothing matches\n");
  EXPECT_THAT(Run({"search", "TPIDR_EL1 <= 1", "--vcpus", "all"}).out, HasSubstr("web-2"));
  EXPECT_THAT(Run({"search", "TPIDR_EL1 = 1", "--output=json"}).out, HasSubstr("\"totalCount\": \"3\""));

  result = Run({"search", "SCTLR_EL1:*", "--limit", "2"});
  EXPECT_EQ(result.err, "armstate: the first 2 of 3 checkpoints; --limit shows more\n");
  EXPECT_THAT(result.out, AllOf(HasSubstr("web-2"), Not(HasSubstr("web-3"))));
}

TEST_F(QueriesTest, SearchSaysWhenItReadsAndWhy) {
  v1::CreateCheckpointRequest request = SmallRequest("vms/web-1", 1);
  *request.mutable_checkpoint()->mutable_vcpus(0)->mutable_registers() =
      Registers({{0x6030000000100000, 0xabc}, {0x603000000013c080, 1}});
  Create(request);
  CommandResult result = Run({"search", "X0 = 0xabc"});
  EXPECT_EQ(result.exit_status, 0) << result;
  EXPECT_EQ(result.err, "armstate: 1 checkpoint read one by one: X0 is not indexed\n");
  EXPECT_THAT(result.out, HasSubstr("0x0000000000000abc"));
  Create(SmallRequest("vms/web-1", 2));
  result = Run({"search", "SCTLR_EL1 = 1", "--all-versions"});
  EXPECT_THAT(result.out, HasSubstr("web-1  1  "));
  EXPECT_THAT(result.err, StartsWith("armstate: 2 checkpoints read one by one: "));
}

TEST_F(QueriesTest, SearchShowsWhereTheFilterIsWrong) {
  CommandResult result = Run({"search", "SCTLR_EL1.M = 0 AND SCTLR_EL1.WXM = 1"});
  EXPECT_EQ(result.exit_status, 1) << result;
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, HasSubstr("\n  SCTLR_EL1.M = 0 AND SCTLR_EL1.WXM = 1\n"
                                    "                      ^\n"));
  EXPECT_THAT(result.err, HasSubstr("armstate: did you mean SCTLR_EL1.WXN?\n"));
  result = Run({"search", "(vcpu = 0"});
  EXPECT_THAT(result.err, HasSubstr("\n  (vcpu = 0\n  ^\n"));
  // Only what is around the place, and characters, not bytes, before it.
  result = Run({"search", "labels.team = \"\u00e4\u00e4\" AND " + std::string(1000, ' ') + "X0 = 1 X1 ="});
  EXPECT_LT(result.err.size(), 600u);
  EXPECT_THAT(result.err, HasSubstr("\n  ..."));
  EXPECT_THAT(Run({"search", "vcpu = ", "--output=json"}).err, HasSubstr("\"position\": \"7\""));
  EXPECT_EQ(Run({"search", "vcpu = 0", "--limit", "0"}).exit_status, 2);
  EXPECT_EQ(Run({"search"}).exit_status, 2);
}

}  // namespace
}  // namespace armstate
