// The output of `armstate` about itself and about command lines that it cannot understand. No server is asked.
#include <cerrno>
#include <cstdlib>
#include <ostream>
#include <sstream>
#include <streambuf>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/cli/commands/run_command.h"

namespace armstate {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kNobody[] = "unix:nobody-listens-here.sock";

std::vector<std::vector<std::string>> AllCommands() {
  return {{},
          {"push"},
          {"pull"},
          {"checkpoint"},
          {"list"},
          {"show"},
          {"validate"},
          {"targets"},
          {"baseline"},
          {"report"},
          {"restores"},
          {"plan"},
          {"restore"},
          {"delete"},
          {"host"},
          {"host", "create"},
          {"host", "list"},
          {"host", "show"},
          {"host", "update"},
          {"host", "delete"},
          {"profile"},
          {"profile", "import"},
          {"profile", "list"},
          {"profile", "show"},
          {"machine"},
          {"machine", "create"},
          {"machine", "get"},
          {"machine", "list"},
          {"machine", "read"},
          {"machine", "write"},
          {"machine", "capture"},
          {"machine", "restore"},
          {"machine", "reset"},
          {"machine", "delete"},
          {"version"},
          {"help"}};
}

TEST(Help, EveryCommandHasExamplesAndExitStatuses) {
  for (std::vector<std::string> command : AllCommands()) {
    const std::string name = ::testing::PrintToString(command);
    const std::string last = command.empty() ? "armstate" : command.back();
    command.push_back("--help");
    const CommandResult result = RunCommand(kNobody, command);
    EXPECT_EQ(result.exit_status, 0) << name;
    EXPECT_THAT(result.out, AllOf(HasSubstr("Usage: "), HasSubstr(last), HasSubstr("Examples:\n  armstate "),
                                  HasSubstr("\n  0  success"), HasSubstr("\n  1  error"), HasSubstr("\n  2  invalid"),
                                  HasSubstr("\n  3  refused"), HasSubstr("\n  4  the server or QEMU did not answer"),
                                  HasSubstr("\n  5  different")))
        << name;
    EXPECT_THAT(result.err, IsEmpty()) << name;
  }
}

TEST(Help, TellsOfTheGlobalOptions) {
  const std::string help = RunCommand(kNobody, {"--help"}).out;
  EXPECT_THAT(help, HasSubstr("127.0.0.1:7443"));
  EXPECT_THAT(help, HasSubstr("ARMSTATE_SERVER"));
  EXPECT_THAT(help, HasSubstr("ARMSTATE_OUTPUT"));
  EXPECT_THAT(help, HasSubstr("ARMSTATE_TIMEOUT"));
  EXPECT_THAT(help, HasSubstr("-o,--output FORMAT"));
}

TEST(Help, AsACommandSaysTheSame) {
  EXPECT_EQ(RunCommand(kNobody, {"help"}).out, RunCommand(kNobody, {"--help"}).out);
  EXPECT_EQ(RunCommand(kNobody, {"help", "push"}).out, RunCommand(kNobody, {"push", "--help"}).out);
  EXPECT_EQ(RunCommand(kNobody, {"help", "machine", "create"}).out,
            RunCommand(kNobody, {"machine", "create", "--help"}).out);
}

TEST(Version, IsPrinted) {
  const CommandResult result = RunCommand(kNobody, {"--version"});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_THAT(result.out, MatchesRegex("armstate [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST(Version, AsACommand) {
  EXPECT_EQ(RunCommand(kNobody, {"version"}).out, RunCommand(kNobody, {"--version"}).out);
  EXPECT_THAT(RunCommand(kNobody, {"version", "-o", "json"}).out,
              MatchesRegex("\\{\n \"version\": \"[0-9]+\\.[0-9]+\\.[0-9]+\"\n\\}\n"));
}

// Sets a variable as long as it lives.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~Environment() { unsetenv(name_); }

 private:
  const char* name_;
};

TEST(EnvironmentVariables, AreDefaultsOfTheOptions) {
  const Environment output("ARMSTATE_OUTPUT", "json");
  EXPECT_THAT(RunCommand(kNobody, {"version"}).out, StartsWith("{"));
  EXPECT_THAT(RunCommand(kNobody, {"version", "-o", "table"}).out, StartsWith("armstate "));
  EXPECT_THAT(RunCommand(kNobody, {"lst"}).err, StartsWith("{"));
  const Environment timeout("ARMSTATE_TIMEOUT", "1ns");
  EXPECT_THAT(RunCommand(kNobody, {"list", "-o", "table"}).err, HasSubstr("--timeout"));
  const Environment server("ARMSTATE_SERVER", "unix:from-the-environment.sock");
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(RunArmstate({"list", "--timeout", "10s", "-o", "table"}, Terminal{out, err}), ExitStatus::kUnavailable);
  EXPECT_THAT(err.str(), HasSubstr("from-the-environment.sock"));
}

TEST(EnvironmentVariables, AreCheckedAndNamed) {
  const struct {
    const char* variable;
    const char* value;
    const char* says;
  } kCases[] = {
      {"ARMSTATE_OUTPUT", "yaml", "ARMSTATE_OUTPUT: yaml is not an output format (table, json)"},
      {"ARMSTATE_TIMEOUT", "soon", "ARMSTATE_TIMEOUT: soon is not a time like 30s"},
      {"ARMSTATE_SERVER", "h:99999", "ARMSTATE_SERVER: "},
  };
  for (const auto& test : kCases) {
    const Environment variable(test.variable, test.value);
    std::ostringstream out;
    std::ostringstream err;
    EXPECT_EQ(RunArmstate({"list"}, Terminal{out, err}), ExitStatus::kUsage) << test.variable;
    EXPECT_THAT(err.str(), HasSubstr(test.says));
    EXPECT_THAT(out.str(), IsEmpty());
  }
  // The command line takes precedence, and an empty variable counts as unset.
  const Environment timeout("ARMSTATE_TIMEOUT", "soon");
  EXPECT_EQ(RunCommand(kNobody, {"version", "--timeout", "1s"}).exit_status, 0);
  const Environment output("ARMSTATE_OUTPUT", "");
  EXPECT_EQ(RunCommand(kNobody, {"version", "--timeout", "1s"}).exit_status, 0);
}

// An output whose reader has gone, as of `armstate ... | head`.
class ClosedPipe : public std::streambuf {
 protected:
  int_type overflow(int_type /*c*/) override {
    errno = EPIPE;
    return traits_type::eof();
  }
};

TEST(Output, AReaderThatHasReadEnoughIsNoError) {
  ClosedPipe pipe;
  std::ostream out(&pipe);
  std::ostringstream err;
  EXPECT_EQ(RunArmstate({"version"}, Terminal{out, err}), ExitStatus::kOk);
  EXPECT_THAT(err.str(), IsEmpty());
}

TEST(Usage, WhatCannotBeUnderstoodExitsWith2) {
  const struct {
    std::vector<std::string> command;
    const char* says;
  } kCases[] = {
      {{}, "subcommand is required"},
      {{"lst"}, "there is no command \"lst\"; did you mean list?"},
      {{"machine", "crate", "m1"}, "there is no command \"crate\"; did you mean create?"},
      {{"machine"}, "subcommand is required"},
      {{"push"}, "VM is required"},
      {{"push", "web-1"}, "FILE is required"},
      {{"push", "web-1", "f", "--expected-version", "-1"}, "--expected-version"},
      {{"push", "web-1", "f", "--accelerator", "xen"}, "xen"},
      {{"show", "web-1", "--vcpu", "-1"}, "--vcpu: -1 is not a number from 0 on\n"},
      {{"search", "X0 = 1", "--limit", "0"}, "--limit: 0 is not a number from 1 on\n"},
      {{"list", "--server", "127.0.0.1:99999"}, "a port is a number from 0 to 65535"},
      {{"list", "--server="}, "--server= has no value"},
      {{"list", "--server", ""}, "--server"},
      {{"push", "web-1", "f", "--no-such-option"}, "--no-such-option"},
      {{"pull", "web-1"}, "--out is required"},
      {{"pull", "web-1", "-o", "a.json"}, "a.json is not an output format (table, json); --out names a file"},
      {{"list", "-o", "yaml"}, "yaml is not an output format"},
      {{"help", "psuh"}, "there is no command \"psuh\"; did you mean push?"},
      {{"help", "machine", "crate"}, "there is no command \"crate\"; did you mean create?"},
      {{"show", "web-1", "--vcpu", "x"}, "--vcpu"},
      {{"validate", "web-1"}, "[--host,--target,--like] is required"},
      {{"restore", "web-1", "--into", "a"}, "--out is required"},
      {{"checkpoint", "web-1"}, "--qmp is required"},
      {{"list", "--output", "xml"}, "xml"},
      {{"list", "--timeout", "soon"}, "soon is not a time"},
      {{"list", "--timeout", "-3s"}, "-3s is not a time"},
      {{"delete", "web-1"}, "--all"},
      {{"host", "create", "h"}, "either --probe or --profile"},
      {{"host", "create", "h", "--probe", "f", "--profile", "p"}, "either --probe or --profile"},
      {{"host", "create", "h", "--profile", "p", "--label", "x"}, "--label x is not KEY=VALUE"},
      {{"host", "update", "h"}, "say what to change"},
      {{"host", "update", "h", "--label", "a=b", "--no-labels"}, "either --label or --no-labels"},
      {{"host", "update", "h", "--probe", "f", "--profile", "p"}, "either --probe or --profile"},
      {{"host", "list", "--label", "a=b", "--label", "a=c"}, "--label a is there twice"},
      {{"profile", "import"}, "FILE is required"},
      {{"delete", "web-1@3", "--all"}, "leave out the version"},
  };
  for (const auto& test : kCases) {
    const CommandResult result = RunCommand(kNobody, test.command);
    const std::string name = ::testing::PrintToString(test.command);
    EXPECT_EQ(result.exit_status, 2) << name << result;
    EXPECT_THAT(result.err, MatchesRegex("armstate: .*\narmstate: .*--help.*\n")) << name;
    EXPECT_THAT(result.err, HasSubstr(test.says)) << name;
    EXPECT_THAT(result.out, IsEmpty()) << name;
  }
}

TEST(Usage, AsJson) {
  const CommandResult result = RunCommand(kNobody, {"--output=json", "validate", "web-1"});
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("\"code\": 3"), HasSubstr("[--host,--target,--like] is required"),
                                Not(HasSubstr("armstate:"))));
}

TEST(Usage, GlobalOptionsMayStandBehindTheCommand) {
  std::ostringstream out;
  std::ostringstream err;
  const ExitStatus exit_status =
      RunArmstate({"list", "--timeout", "10s", "--output", "json", "--server", kNobody}, Terminal{out, err});
  EXPECT_EQ(exit_status, ExitStatus::kUnavailable) << err.str();
  EXPECT_THAT(err.str(), StartsWith("{"));
}

TEST(Usage, ColoursOnlyWhereTheyAreWanted) {
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(RunArmstate({"lst"}, Terminal{out, err, true, true}), ExitStatus::kUsage);
  EXPECT_THAT(err.str(), StartsWith("\x1b[1;31marmstate:\x1b[0m there is no command"));
  EXPECT_THAT(RunCommand(kNobody, {"lst"}).err, StartsWith("armstate: there is no command"));
}

TEST(Checkpoint, NoQemuAtTheSocket) {
  const CommandResult result = RunCommand(kNobody, {"checkpoint", "web-1", "--qmp", "no.qmp"});
  EXPECT_EQ(result.exit_status, 4) << result;
  EXPECT_THAT(result.err, AllOf(HasSubstr("no.qmp"), HasSubstr("is the VM running"), Not(HasSubstr("armstated"))));
}

TEST(Usage, AVmMayBeNamedLikeACommand) { EXPECT_EQ(RunCommand(kNobody, {"list", "push"}).exit_status, 4); }

TEST(NoServer, ExitsWith4AndSaysWhereItLooked) {
  const CommandResult result = RunCommand(kNobody, {"list"});
  EXPECT_EQ(result.exit_status, 4) << result;
  EXPECT_THAT(result.err, HasSubstr("is armstated running at unix:nobody-listens-here.sock? Start it, or name another "
                                    "with --server"));
  EXPECT_THAT(result.out, IsEmpty());
}

TEST(NoServer, TimeoutExitsWith4) {
  const CommandResult result = RunCommand(kNobody, {"list", "--timeout", "1ns"});
  EXPECT_EQ(result.exit_status, 4) << result;
  EXPECT_THAT(result.err, HasSubstr("give it more time with --timeout"));
}

}  // namespace
}  // namespace armstate
