// Tests WatchCheckpoints over a socket.
#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpcpp/create_channel.h"
#include "proto/enum_name.h"
#include "tests/server/server_fixture.h"

namespace armstate {
namespace {

using ::testing::ElementsAre;
using StatusCode = grpc::StatusCode;

v1::WatchCheckpointsRequest Of(const std::string& parent) {
  v1::WatchCheckpointsRequest request;
  request.set_parent(parent);
  return request;
}

// One call, which ends with the object.
class Watching {
 public:
  Watching(CheckpointStub& stub, const v1::WatchCheckpointsRequest& request)
      : reader_(stub.WatchCheckpoints(&context_, request)) {}

  // Returns the next message, "CREATED vms/a/checkpoints/1"; "end" if the call has ended.
  std::string Next() {
    if (!reader_->Read(&event_)) return "end";
    const std::string type = EnumName(event_.kind());
    return event_.checkpoint().empty() ? type : absl::StrCat(type, " ", event_.checkpoint());
  }
  std::vector<std::string> Next(int count) {
    std::vector<std::string> texts;
    for (int i = 0; i < count; ++i) texts.push_back(Next());
    return texts;
  }
  const v1::CheckpointEvent& event() const { return event_; }
  const std::string& token() const { return event_.resume_token(); }

  void Cancel() { context_.TryCancel(); }
  // After "end", or Cancel().
  RpcResult Finish() {
    const grpc::Status status = reader_->Finish();
    return ReadResult(context_, status);
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::CheckpointEvent>> reader_;
  v1::CheckpointEvent event_;
};

class WatchTest : public ServerTest {
 protected:
  explicit WatchTest(ServerOptions options = {}) : ServerTest(std::move(options)) {}

  void Delete(const std::string& name) {
    v1::DeleteCheckpointRequest request;
    request.set_name(name);
    EXPECT_EQ(Call(checkpoints(), &CheckpointStub::DeleteCheckpoint, request), RpcResult());
  }
  void DeleteVm(const std::string& name) {
    v1::DeleteVmRequest request;
    request.set_name(name);
    EXPECT_EQ(Call(checkpoints(), &CheckpointStub::DeleteVm, request), RpcResult());
  }
  RpcResult Result(const v1::WatchCheckpointsRequest& request) {
    Watching watching(checkpoints(), request);
    EXPECT_EQ(watching.Next(), "end");
    return watching.Finish();
  }
};

TEST_F(WatchTest, AllVmsInTheOrderOfCommit) {
  Create(SmallRequest("vms/before", 1));
  Watching watching(checkpoints(), Of("vms/-"));
  ASSERT_EQ(watching.Next(), "PROGRESS");
  EXPECT_NE(watching.token(), "");
  const v1::Checkpoint stored = Create(SmallRequest("vms/a", 1));
  Create(SmallRequest("vms/b", 1));
  Create(SmallRequest("vms/a", 2));
  Delete("vms/a/checkpoints/1");
  DeleteVm("vms/b");
  ASSERT_EQ(watching.Next(), "CREATED vms/a/checkpoints/1");
  v1::GetVmRequest get;
  get.set_name("vms/a");
  v1::Vm vm;
  ASSERT_EQ(Call(checkpoints(), &CheckpointStub::GetVm, get, &vm), RpcResult());
  EXPECT_EQ(watching.event().vm_uid(), vm.uid());
  EXPECT_EQ(watching.event().event_time().DebugString(), stored.create_time().DebugString());
  EXPECT_THAT(watching.Next(4), ElementsAre("CREATED vms/b/checkpoints/1", "CREATED vms/a/checkpoints/2",
                                            "DELETED vms/a/checkpoints/1", "VM_DELETED vms/b"));
  watching.Cancel();
  EXPECT_EQ(watching.Next(), "end");
  EXPECT_EQ(watching.Finish().code, StatusCode::CANCELLED);
}

TEST_F(WatchTest, OneVmEvenBeforeItIsThere) {
  Watching watching(checkpoints(), Of("vms/a"));
  ASSERT_EQ(watching.Next(), "PROGRESS");
  Create(SmallRequest("vms/ab", 1));
  Create(SmallRequest("vms/a", 1));
  Create(SmallRequest("vms/b", 1));
  DeleteVm("vms/a");
  Create(SmallRequest("vms/a", 1));
  EXPECT_THAT(watching.Next(3),
              ElementsAre("CREATED vms/a/checkpoints/1", "VM_DELETED vms/a", "CREATED vms/a/checkpoints/1"));
}

TEST_F(WatchTest, WhatRetentionDeletesIsTold) {
  Create(SmallRequest("vms/a", 1));
  v1::UpdateVmRequest update;
  update.mutable_vm()->set_name("vms/a");
  update.mutable_vm()->mutable_retention()->set_keep_last(1);
  update.mutable_update_mask()->add_paths("retention.keep_last");
  ASSERT_EQ(Call(checkpoints(), &CheckpointStub::UpdateVm, update), RpcResult());
  Watching watching(checkpoints(), Of("vms/a"));
  ASSERT_EQ(watching.Next(), "PROGRESS");
  Create(SmallRequest("vms/a", 2));
  EXPECT_THAT(watching.Next(2), ElementsAre("CREATED vms/a/checkpoints/2", "DELETED vms/a/checkpoints/1"));
}

TEST_F(WatchTest, FromTheOldest) {
  Create(SmallRequest("vms/a", 1));
  Create(SmallRequest("vms/b", 1));
  v1::WatchCheckpointsRequest request = Of("vms/-");
  request.set_from_oldest(true);
  Watching watching(checkpoints(), request);
  EXPECT_THAT(watching.Next(3), ElementsAre("PROGRESS", "CREATED vms/a/checkpoints/1", "CREATED vms/b/checkpoints/1"));
}

TEST_F(WatchTest, ATokenGoesOnAfterAReconnectAndARestart) {
  std::string token;
  {
    Watching watching(checkpoints(), Of("vms/-"));
    ASSERT_EQ(watching.Next(), "PROGRESS");
    Create(SmallRequest("vms/a", 1));
    Create(SmallRequest("vms/a", 2));
    ASSERT_EQ(watching.Next(), "CREATED vms/a/checkpoints/1");
    token = watching.token();
    watching.Cancel();
  }
  v1::WatchCheckpointsRequest request = Of("vms/-");
  request.set_resume_token(token);
  {
    Watching watching(checkpoints(), request);
    EXPECT_THAT(watching.Next(2), ElementsAre("PROGRESS", "CREATED vms/a/checkpoints/2"));
    EXPECT_NE(watching.token(), token);
    token = watching.token();
    // A server that shuts down says so.
    Stop();
    EXPECT_EQ(watching.Next(), "end");
    EXPECT_EQ(watching.Finish(), (RpcResult{StatusCode::UNAVAILABLE, "SERVER_DRAINING"}));
  }
  Start();
  Create(SmallRequest("vms/a", 3));
  request.set_resume_token(token);
  {
    Watching watching(checkpoints(), request);
    EXPECT_THAT(watching.Next(2), ElementsAre("PROGRESS", "CREATED vms/a/checkpoints/3"));
  }
  // Tokens belong to the data, not to a parent.
  request.set_parent("vms/b");
  Watching watching(checkpoints(), request);
  ASSERT_EQ(watching.Next(), "PROGRESS");
  EXPECT_EQ(watching.token(), token);
  Create(SmallRequest("vms/b", 1));
  EXPECT_EQ(watching.Next(), "CREATED vms/b/checkpoints/1");
}

TEST_F(WatchTest, WhatCannotBeMeantEndsTheCall) {
  Create(SmallRequest("vms/a", 1));
  v1::WatchCheckpointsRequest request = Of("vms/-");
  request.set_resume_token("x");
  EXPECT_EQ(Result(request),
            (RpcResult{StatusCode::INVALID_ARGUMENT, "PAGE_TOKEN_INVALID", {{"field", "resume_token"}}}));
  // Of a server that had a hundred events.
  request.set_resume_token(absl::WebSafeBase64Escape("1|watch|100"));
  RpcResult result = Result(request);
  EXPECT_EQ(result.code, StatusCode::INVALID_ARGUMENT) << result;
  EXPECT_EQ(result.reason, "PAGE_TOKEN_INVALID") << result;
  request.set_from_oldest(true);
  EXPECT_EQ(Result(request).reason, "FIELD_INVALID");
  for (const char* parent : {"", "a", "vms/", "vms/a/checkpoints/1"}) {
    EXPECT_EQ(Result(Of(parent)).reason, "RESOURCE_NAME_INVALID") << parent;
  }
}

class LittleMemoryTest : public WatchTest {
 protected:
  // Some 340 watches.
  LittleMemoryTest() : WatchTest(Options()) {}

  static ServerOptions Options() {
    ServerOptions options;
    options.memory_limit = size_t{32} << 20;
    return options;
  }
};

TEST_F(LittleMemoryTest, WatchesTakeMemoryUntilTheyEnd) {
  // A connection has 100 streams at most.
  std::vector<std::unique_ptr<CheckpointStub>> clients;
  for (int i = 0; i < 4; ++i) {
    grpc::ChannelArguments own_connection;
    own_connection.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    clients.push_back(v1::CheckpointService::NewStub(
        grpc::CreateCustomChannel(target(), grpc::InsecureChannelCredentials(), own_connection)));
  }
  const auto count_refused = [&clients] {
    std::vector<std::unique_ptr<Watching>> watches;
    int refused = 0;
    for (int i = 0; i < 400; ++i) {
      watches.push_back(std::make_unique<Watching>(*clients[i % clients.size()], Of("vms/-")));
      if (watches.back()->Next() == "PROGRESS") continue;
      const RpcResult result = watches.back()->Finish();
      EXPECT_EQ(result.code, StatusCode::RESOURCE_EXHAUSTED);
      EXPECT_EQ(result.reason, "SERVER_BUSY");
      watches.pop_back();
      ++refused;
    }
    for (const std::unique_ptr<Watching>& watch : watches) {
      watch->Cancel();
      while (watch->Next() != "end") {
      }
      watch->Finish();
    }
    return refused;
  };
  for (int round = 0; round < 2; ++round) {
    const int refused = count_refused();
    EXPECT_GT(refused, 0) << round;
    EXPECT_LT(refused, 150) << round;
  }
}

constexpr absl::Duration kPatience = absl::Milliseconds(100);

class PatienceTest : public WatchTest {
 protected:
  PatienceTest() : WatchTest(Options()) {}

  // A client whose buffers do not grow: 64 KiB, and as much in the server.
  std::unique_ptr<CheckpointStub> SmallClient() {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 65535);
    return v1::CheckpointService::NewStub(
        grpc::CreateCustomChannel(target(), grpc::InsecureChannelCredentials(), arguments));
  }

 private:
  static ServerOptions Options() {
    ServerOptions options;
    options.watch_patience = kPatience;
    return options;
  }
};

TEST_F(PatienceTest, AWatcherThatDoesNotReadIsDroppedAndHoldsNobodyUp) {
  // 140 bytes an event: what fits between is less than half of them.
  const std::string vm = "vms/" + std::string(60, 'a');
  const std::unique_ptr<CheckpointStub> small_client = SmallClient();
  Watching idle(*small_client, Of(vm));
  ASSERT_EQ(idle.Next(), "PROGRESS");
  Watching other(checkpoints(), Of("vms/b"));
  ASSERT_EQ(other.Next(), "PROGRESS");
  int pushed = 0;
  const absl::Time begin = absl::Now();
  // Pushes go on for long enough that it must have been dropped.
  while (pushed < 2500 || absl::Now() - begin < 10 * kPatience) {
    ASSERT_EQ(Create(SmallRequest(vm, 1)).version(), ++pushed);
  }
  Create(SmallRequest("vms/b", 1));
  EXPECT_EQ(other.Next(), "CREATED vms/b/checkpoints/1");

  // What it was given before that is whole and in order, and the rest comes with the last token.
  int version = 0;
  std::string token = idle.token();
  for (std::string text = idle.Next(); text != "end"; text = idle.Next()) {
    ASSERT_EQ(text, absl::StrCat("CREATED ", vm, "/checkpoints/", ++version));
    token = idle.token();
  }
  EXPECT_LT(version, pushed);
  // The watcher is informed; if it does not accept that either, its call is reset.
  const RpcResult result = idle.Finish();
  EXPECT_TRUE(result == (RpcResult{StatusCode::RESOURCE_EXHAUSTED, "WATCHER_TOO_SLOW", {}}) ||
              result.code == StatusCode::CANCELLED)
      << result;
  v1::WatchCheckpointsRequest request = Of(vm);
  request.set_resume_token(token);
  Watching again(checkpoints(), request);
  ASSERT_EQ(again.Next(), "PROGRESS");
  while (version < pushed) ASSERT_EQ(again.Next(), absl::StrCat("CREATED ", vm, "/checkpoints/", ++version));
}

}  // namespace
}  // namespace armstate
