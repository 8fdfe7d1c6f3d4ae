// retention, protect, unprotect, and delete of what is protected.
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "core/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/cli/commands/run_command.h"
#include "tests/client/fake_server.h"

namespace armstate {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

absl::Status IsProtected(const std::string& name) {
  return MakeError(absl::StatusCode::kFailedPrecondition, ErrorReason::kCheckpointProtected, name + " is protected",
                   {{"name", name}});
}

TEST(Retention, IsShown) {
  FakeServer server;
  server.handlers.get_vm = [](const v1::GetVmRequest& request) {
    v1::Vm vm;
    vm.set_name(request.name());
    vm.set_checkpoint_count(1);
    return vm;
  };
  EXPECT_EQ(RunCommand(server.target(), {"retention", "web-1"}).out, "vms/web-1: keeps all; 1 checkpoint kept\n");
  EXPECT_THAT(RunCommand(server.target(), {"retention", "web-1", "--output=json"}).out,
              HasSubstr("\"checkpointCount\": \"1\""));
}

TEST(Retention, ChangesWhatIsNamed) {
  FakeServer server;
  v1::UpdateVmRequest seen;
  server.handlers.update_vm = [&](const v1::UpdateVmRequest& request) {
    seen = request;
    v1::Vm vm = request.vm();
    vm.set_checkpoint_count(4);
    return vm;
  };
  const struct {
    std::vector<std::string> options;
    const char* mask;
    int64_t keep_last;
    int64_t keep_for;
    bool keep_labelled;
    const char* says;
  } kCases[] = {
      {{"--keep-last", "3"}, "retention.keep_last", 3, 0, false, "keeps last 3; 4 checkpoints kept"},
      {{"--keep-last=0"}, "retention.keep_last", 0, 0, false, "keeps all; 4 checkpoints kept"},
      // The server says what is wrong with it.
      {{"--keep-last=-1"}, "retention.keep_last", -1, 0, false, "keeps last -1; 4 checkpoints kept"},
      {{"--keep-for", "7d"}, "retention.keep_for", 0, 604800, false, "keeps younger than 7d; 4 checkpoints kept"},
      {{"--keep-for=1h30m"}, "retention.keep_for", 0, 5400, false, "keeps younger than 1h30m; 4 checkpoints kept"},
      {{"--keep-for=0"}, "retention.keep_for", 0, 0, false, "keeps all; 4 checkpoints kept"},
      {{"--keep-labelled"}, "retention.keep_labelled", 0, 0, true, "keeps all; 4 checkpoints kept"},
      {{"--no-keep-labelled"}, "retention.keep_labelled", 0, 0, false, "keeps all; 4 checkpoints kept"},
      {{"--keep-last=2", "--keep-for=48h", "--keep-labelled"},
       "retention.keep_last retention.keep_for retention.keep_labelled",
       2,
       172800,
       true,
       "keeps last 2, younger than 2d, labelled; 4 checkpoints kept"},
      {{"--off"}, "retention", 0, 0, false, "keeps all; 4 checkpoints kept"},
  };
  for (const auto& test : kCases) {
    std::vector<std::string> command = {"retention", "web-1"};
    command.insert(command.end(), test.options.begin(), test.options.end());
    SCOPED_TRACE(absl::StrJoin(command, " "));
    const CommandResult result = RunCommand(server.target(), command);
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(result.out, std::string("vms/web-1: ") + test.says + "\n");
    EXPECT_EQ(seen.vm().name(), "vms/web-1");
    EXPECT_EQ(absl::StrJoin(seen.update_mask().paths(), " "), test.mask);
    EXPECT_EQ(seen.vm().retention().keep_last(), test.keep_last);
    EXPECT_EQ(seen.vm().retention().keep_for().seconds(), test.keep_for);
    EXPECT_EQ(seen.vm().retention().keep_labelled(), test.keep_labelled);
  }
}

TEST(Retention, WhatCannotBeMeantIsNotSent) {
  FakeServer server;
  for (const std::vector<std::string>& options :
       std::vector<std::vector<std::string>>{{"--off", "--keep-last", "1"},
                                             {"--keep-for", "soon"},
                                             {"--keep-for", "1.5d"},
                                             {"--keep-last", "many"},
                                             {"--keep-labelled", "--no-keep-labelled"}}) {
    std::vector<std::string> command = {"retention", "web-1"};
    command.insert(command.end(), options.begin(), options.end());
    EXPECT_EQ(RunCommand(server.target(), command).exit_status, 2) << absl::StrJoin(options, " ");
  }
  EXPECT_THAT(RunCommand(server.target(), {"retention", "web-1", "--keep-for", "soon"}).err,
              HasSubstr("not a time like 7d, 36h or 90m"));
}

TEST(Protect, AndUnprotect) {
  FakeServer server;
  std::vector<std::string> seen;
  server.handlers.update_checkpoint = [&](const v1::UpdateCheckpointRequest& request) {
    seen.push_back(request.checkpoint().name() + (request.checkpoint().is_protected() ? " yes " : " no ") +
                   absl::StrJoin(request.update_mask().paths(), ","));
    return request.checkpoint();
  };
  EXPECT_EQ(RunCommand(server.target(), {"protect", "web-1@3"}).out, "vms/web-1/checkpoints/3: protected\n");
  EXPECT_EQ(RunCommand(server.target(), {"unprotect", "web-1@3"}).out, "vms/web-1/checkpoints/3: not protected\n");
  EXPECT_THAT(RunCommand(server.target(), {"protect", "web-1@3", "--output=json"}).out,
              HasSubstr("\"isProtected\": true"));
  EXPECT_THAT(seen, ::testing::ElementsAre("vms/web-1/checkpoints/3 yes is_protected",
                                           "vms/web-1/checkpoints/3 no is_protected",
                                           "vms/web-1/checkpoints/3 yes is_protected"));
}

TEST(Show, AProtectedCheckpointSaysSo) {
  FakeServer server;
  server.handlers.get_checkpoint = [](const v1::GetCheckpointRequest& request) {
    v1::Checkpoint checkpoint;
    checkpoint.set_name(request.name());
    checkpoint.set_is_protected(true);
    checkpoint.mutable_source()->set_accelerator(v1::ACCELERATOR_TCG);
    return checkpoint;
  };
  EXPECT_THAT(RunCommand(server.target(), {"show", "web-1@3"}).out,
              StartsWith("vms/web-1/checkpoints/3 (protected)\n"));
}

TEST(Delete, OfWhatIsProtectedSaysWhatToDo) {
  FakeServer server;
  server.handlers.delete_checkpoint = [](const v1::DeleteCheckpointRequest& request) {
    return IsProtected(request.name());
  };
  server.handlers.delete_vm = [](const v1::DeleteVmRequest&) { return IsProtected("vms/web-1/checkpoints/7"); };
  CommandResult result = RunCommand(server.target(), {"delete", "web-1@3"});
  EXPECT_EQ(result.exit_status, 1) << result;
  EXPECT_THAT(result.err, StartsWith("armstate: vms/web-1/checkpoints/3 is protected\narmstate: 'armstate unprotect "
                                     "web-1@3' lifts the protection"));
  result = RunCommand(server.target(), {"delete", "web-1", "--all"});
  EXPECT_EQ(result.exit_status, 1) << result;
  EXPECT_THAT(result.err, HasSubstr("'armstate delete web-1 --all --force'"));
}

TEST(Delete, ForceReachesTheServer) {
  FakeServer server;
  std::vector<bool> seen;
  server.handlers.delete_vm = [&](const v1::DeleteVmRequest& request) {
    seen.push_back(request.delete_protected());
    return google::protobuf::Empty();
  };
  EXPECT_EQ(RunCommand(server.target(), {"delete", "web-1", "--all"}).exit_status, 0);
  EXPECT_EQ(RunCommand(server.target(), {"delete", "web-1", "--all", "--force"}).exit_status, 0);
  EXPECT_THAT(seen, ::testing::ElementsAre(false, true));
  // Not for one checkpoint, and not in place of --all.
  EXPECT_EQ(RunCommand(server.target(), {"delete", "web-1@3", "--force"}).exit_status, 2);
  EXPECT_EQ(RunCommand(server.target(), {"delete", "web-1", "--force"}).exit_status, 2);
  EXPECT_EQ(seen.size(), 2u);
}

}  // namespace
}  // namespace armstate
