// watch: against a real server, ended as a user ends it.
#include <sys/types.h>
#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <mutex>
#include <sstream>
#include <streambuf>
#include <string>
#include <thread>
#include <vector>

#include "client/cli/armstate.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/cli/commands/run_command.h"
#include "tests/server/server_fixture.h"

namespace armstate {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

// What one thread prints, another reads line by line.
class LineBuffer final : public std::streambuf {
 public:
  // Waits for one that was flushed.
  std::string NextLine() {
    std::unique_lock<std::mutex> lock(mutex_);
    flushed_.wait(lock, [this] { return ready_.find('\n') != std::string::npos; });
    std::string line = ready_.substr(0, ready_.find('\n'));
    ready_.erase(0, line.size() + 1);
    return line;
  }

 protected:
  int_type overflow(int_type c) override {
    written_ += static_cast<char>(c);
    return c;
  }
  int sync() override {
    const std::lock_guard<std::mutex> lock(mutex_);
    ready_ += written_;
    written_.clear();
    flushed_.notify_all();
    return 0;
  }

 private:
  std::string written_;
  std::mutex mutex_;
  std::condition_variable flushed_;
  std::string ready_;
};

// `armstate watch` in a thread.
class RunningWatch {
 public:
  RunningWatch(const std::string& target, std::vector<std::string> arguments) : out_(&lines_) {
    arguments.insert(arguments.begin(), {"--server", target, "watch"});
    thread_ = std::thread([this, arguments] {
      status_ = static_cast<int>(RunArmstate(arguments, Terminal{out_, err_}));
    });
  }

  std::string NextLine() { return lines_.NextLine(); }
  // After a line has come: only then it is known to listen to signals.
  CommandResult EndBy(int signal) {
    kill(getpid(), signal);
    thread_.join();
    return {status_, "", err_.str()};
  }

 private:
  LineBuffer lines_;
  std::ostream out_;
  std::ostringstream err_;
  int status_ = -1;
  std::thread thread_;
};

using WatchCommandTest = ServerTest;

TEST_F(WatchCommandTest, OneLineForEachEventUntilCtrlC) {
  Create(SmallRequest("vms/web-1", 1));
  RunningWatch watch(target(), {"--from-oldest"});
  const std::string time = "....-..-.. ..:..:..Z  ";
  EXPECT_THAT(watch.NextLine(), MatchesRegex(time + "created     vms/web-1/checkpoints/1"));
  Create(SmallRequest("vms/web-2", 1));
  EXPECT_THAT(watch.NextLine(), MatchesRegex(time + "created     vms/web-2/checkpoints/1"));
  v1::DeleteVmRequest request;
  request.set_name("vms/web-1");
  EXPECT_EQ(Call(checkpoints(), &CheckpointStub::DeleteVm, request), RpcResult());
  EXPECT_THAT(watch.NextLine(), MatchesRegex(time + "vm deleted  vms/web-1"));
  const CommandResult result = watch.EndBy(SIGINT);
  EXPECT_EQ(result.exit_status, 0) << result;
  ASSERT_THAT(result.err, StartsWith("armstate: to go on from here: --resume "));

  // Where it ended, another one goes on.
  std::string token = result.err.substr(std::string("armstate: to go on from here: --resume ").size());
  token.pop_back();
  Create(SmallRequest("vms/web-2", 2));
  RunningWatch next(target(), {"web-2", "--resume", token, "--output=json"});
  EXPECT_THAT(next.NextLine(),
              AllOf(StartsWith("{\"kind\":\"KIND_CREATED\",\"checkpoint\":\"vms/web-2/checkpoints/2\""),
                    HasSubstr("\"resumeToken\":\""), EndsWith("}")));
  EXPECT_EQ(next.EndBy(SIGTERM).exit_status, 0);
}

TEST_F(WatchCommandTest, TokensAreShownOnDemand) {
  RunningWatch watch(target(), {"web-1", "--show-tokens"});
  EXPECT_THAT(watch.NextLine(), MatchesRegex("-  +progress      +[A-Za-z0-9_-]+"));
  Create(SmallRequest("vms/web-1", 1));
  EXPECT_THAT(watch.NextLine(), MatchesRegex(".*  created     vms/web-1/checkpoints/1  [A-Za-z0-9_-]+"));
  EXPECT_EQ(watch.EndBy(SIGINT).exit_status, 0);
}

TEST_F(WatchCommandTest, WhatCannotBeWatched) {
  CommandResult result = RunCommand(target(), {"watch", "--resume", "x"});
  EXPECT_EQ(result.exit_status, 1) << result;
  EXPECT_THAT(result.err, HasSubstr("watch without a token"));
  EXPECT_EQ(RunCommand(target(), {"watch", "--resume", "x", "--from-oldest"}).exit_status, 2);
  result = RunCommand("127.0.0.1:1", {"watch"});
  EXPECT_EQ(result.exit_status, 4) << result;
  EXPECT_THAT(result.err, HasSubstr("is armstated running at 127.0.0.1:1?"));
}

}  // namespace
}  // namespace armstate
