// Tests that other calls proceed while the store does not answer: CheckpointService over a store whose DeleteVm hangs.
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "server/rpc/call_workers.h"
#include "server/services/checkpoint_service.h"
#include "server/verdict/server_advice.h"
#include "storage/rocksdb/storage.h"
#include "tests/server/server_fixture.h"
#include "tests/storage/forwarding_store.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

using StatusCode = grpc::StatusCode;

// A store whose DeleteVm waits until it is released.
class HangingStore final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;

  absl::Status DeleteVm(absl::string_view vm, ProtectedVersions protected_versions, absl::Time now) override {
    {
      absl::MutexLock lock(&mutex_);
      ++hanging_;
      mutex_.Await(absl::Condition(&goes_on_));
    }
    return ForwardingStore::DeleteVm(vm, protected_versions, now);
  }

  void WaitFor(int hanging) {
    const auto hang = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return hanging_ >= hanging; };
    absl::MutexLock lock(&mutex_, absl::Condition(&hang));
  }
  void GoOn() {
    absl::MutexLock lock(&mutex_);
    goes_on_ = true;
  }
  // How many there were.
  int hanging() {
    absl::MutexLock lock(&mutex_);
    return hanging_;
  }

 private:
  absl::Mutex mutex_;
  int hanging_ ABSL_GUARDED_BY(mutex_) = 0;
  bool goes_on_ ABSL_GUARDED_BY(mutex_) = false;
};

// Deletions that run in the background, on their own connection.
class Deletions {
 public:
  explicit Deletions(const std::string& target) : stub_(v1::CheckpointService::NewStub(Connect(target))) {}
  ~Deletions() { Wait(); }

  static std::shared_ptr<grpc::Channel> Connect(const std::string& target) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
  }

  void Begin(const std::string& vm) {
    Deletion& deletion = deletions_.emplace_back();
    deletion.request.set_name(vm);
    stub_->async()->DeleteVm(&deletion.context, &deletion.request, &deletion.response,
                             [this, &deletion](const grpc::Status& status) {
                               absl::MutexLock lock(&mutex_);
                               deletion.result = ReadResult(deletion.context, status);
                               ++ended_;
                             });
  }

  // Waits until this many have ended, in any way; all if no number is given.
  void Wait(absl::optional<size_t> count = absl::nullopt) {
    const size_t wanted = count.value_or(deletions_.size());
    const auto end = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return ended_ >= wanted; };
    absl::MutexLock lock(&mutex_, absl::Condition(&end));
  }
  // Returns how many ended with this code.
  int Count(const RpcResult& result) {
    absl::MutexLock lock(&mutex_);
    int count = 0;
    for (const Deletion& deletion : deletions_) count += deletion.result == result ? 1 : 0;
    return count;
  }

 private:
  struct Deletion {
    grpc::ClientContext context;
    v1::DeleteVmRequest request;
    google::protobuf::Empty response;
    absl::optional<RpcResult> result;
  };

  const std::unique_ptr<CheckpointStub> stub_;
  absl::Mutex mutex_;
  std::deque<Deletion> deletions_;
  size_t ended_ ABSL_GUARDED_BY(mutex_) = 0;
};

// A call of CreateCheckpoint whose answer is not read until the object is destroyed.
class UnreadCreate final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  UnreadCreate(grpc::GenericStub& stub, const v1::CreateCheckpointRequest& request) {
    const grpc::Slice bytes(request.SerializeAsString());
    request_ = grpc::ByteBuffer(&bytes, 1);
    stub.PrepareBidiStreamingCall(&context_, "/armstate.v1.CheckpointService/CreateCheckpoint", grpc::StubOptions(),
                                  this);
    StartWriteLast(&request_, grpc::WriteOptions());
    StartCall();
  }
  ~UnreadCreate() override {
    context_.TryCancel();
    ended_.WaitForNotification();
  }

  // Ends as a refused call does.
  bool EndsBy(absl::Time deadline) { return ended_.WaitForNotificationWithTimeout(deadline - absl::Now()); }
  // When it has ended.
  RpcResult result() { return ReadResult(context_, status_); }

  void OnDone(const grpc::Status& status) override {
    status_ = status;
    ended_.Notify();
  }

 private:
  grpc::ClientContext context_;
  grpc::ByteBuffer request_;
  grpc::Status status_;
  absl::Notification ended_;
};

class SlowWritesTest : public testing::Test {
 protected:
  // Of CallWorkers.
  static constexpr int kThreads = 4;
  static constexpr int kThreadsOfOneClient = kThreads / 2;
  static constexpr int kOfOneClient = 128;

  SlowWritesTest()
      : storage_(RocksDbStorage::Open(data_dir_.path() + "/data", {}).value()),
        profiles_(ProfileRegistry::BuiltIn().value()),
        machines_(storage_->records(), *profiles_),
        store_(storage_->checkpoints()),
        repository_(store_, absl::Now,
                    [this](std::function<void()> task) { workers_.pushes.Run("", std::move(task)); }),
        history_(storage_->records(), repository_),
        queries_(store_, repository_, machines_, *profiles_, workers_.memory, absl::Seconds(30), size_t{1} << 20),
        service_(workers_, repository_, *profiles_, advice_, history_, queries_) {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    target_ = absl::StrCat("127.0.0.1:", port);
    channel_ = Deletions::Connect(target_);
    stub_ = v1::CheckpointService::NewStub(channel_);
  }
  ~SlowWritesTest() override {
    store_.GoOn();
    Shutdown();
  }

  void Shutdown() {
    service_.Drain();
    queries_.EndWatches();
    server_->Shutdown(std::chrono::system_clock::now());
    server_->Wait();
  }

  v1::Checkpoint Push(const std::string& vm, uint64_t value) {
    v1::Checkpoint stored;
    EXPECT_EQ(Call(*stub_, &CheckpointStub::CreateCheckpoint, SmallRequest(vm, value), &stored), RpcResult());
    return stored;
  }

  // Of the server as a whole.
  grpc::Status CheckHealth() {
    grpc::ClientContext context;
    const grpc::Slice empty;
    const grpc::ByteBuffer request(&empty, 1);
    grpc::ByteBuffer response;
    grpc::Status status;
    absl::Notification done;
    grpc::GenericStub(channel_).UnaryCall(&context, "/grpc.health.v1.Health/Check", grpc::StubOptions(), &request,
                                          &response, [&](grpc::Status result) {
                                            status = std::move(result);
                                            done.Notify();
                                          });
    done.WaitForNotification();
    return status;
  }

  const TempDir data_dir_;
  CallWorkers workers_{
      /*memory_bytes=*/size_t{64} << 20,
      {/*unfinished_bytes=*/size_t{64} << 20, /*connections=*/1000, /*resident_bytes=*/size_t{1} << 30}};
  const std::unique_ptr<RocksDbStorage> storage_;
  const std::unique_ptr<ProfileRegistry> profiles_;
  MachineRegistry machines_;
  HangingStore store_;
  CheckpointRepository repository_;
  RestoreHistory history_;
  QueryRpcs queries_;
  const ServerAdvice advice_ = *ServerAdvice::Load("");
  CheckpointServiceImpl service_;
  std::unique_ptr<grpc::Server> server_;
  std::string target_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<CheckpointStub> stub_;
};

TEST_F(SlowWritesTest, PushesReadsWatchesAndHealthGoOn) {
  for (int i = 0; i < 2 * kThreads; ++i) Push(absl::StrCat("vms/old", i), 1);
  Deletions some(target_);
  Deletions more(target_);
  for (int i = 0; i < kThreads; ++i) {
    some.Begin(absl::StrCat("vms/old", 2 * i));
    more.Begin(absl::StrCat("vms/old", 2 * i + 1));
  }
  store_.WaitFor(kThreads);
  const absl::Time begin = absl::Now();

  grpc::ClientContext watch_context;
  v1::WatchCheckpointsRequest watch;
  watch.set_parent("vms/-");
  const auto events = stub_->WatchCheckpoints(&watch_context, watch);
  v1::CheckpointEvent event;
  ASSERT_TRUE(events->Read(&event));
  EXPECT_EQ(Push("vms/new", 1).version(), 1);
  ASSERT_TRUE(events->Read(&event));
  EXPECT_EQ(event.checkpoint(), "vms/new/checkpoints/1");
  watch_context.TryCancel();

  grpc::ClientContext stream_context;
  const auto stream = stub_->StreamCheckpoints(&stream_context);
  v1::StreamCheckpointsRequest pushed;
  for (int i = 0; i < 3; ++i) *pushed.add_requests() = SmallRequest("vms/new", 2 + i);
  ASSERT_TRUE(stream->Write(pushed));
  stream->WritesDone();
  int acknowledged = 0;
  v1::StreamCheckpointsResponse acknowledgements;
  while (stream->Read(&acknowledgements)) acknowledged += acknowledgements.acknowledgements_size();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(acknowledged, 3);

  v1::GetCheckpointRequest get;
  get.set_name("vms/new/checkpoints/latest");
  EXPECT_EQ(Call(*stub_, &CheckpointStub::GetCheckpoint, get), RpcResult());
  EXPECT_EQ(Call(*stub_, &CheckpointStub::ListVms, v1::ListVmsRequest()), RpcResult());
  v1::CompareCheckpointsRequest compare;
  compare.set_old_checkpoint("vms/new/checkpoints/1");
  compare.set_new_checkpoint("vms/new/checkpoints/2");
  EXPECT_EQ(Call(*stub_, &CheckpointStub::CompareCheckpoints, compare), RpcResult());
  EXPECT_TRUE(CheckHealth().ok());

  EXPECT_LT(absl::Now() - begin, absl::Seconds(10));
  for (Deletions* deletions : {&some, &more}) EXPECT_EQ(deletions->Count(RpcResult()), 0);
  store_.GoOn();
  for (Deletions* deletions : {&some, &more}) {
    deletions->Wait();
    EXPECT_EQ(deletions->Count(RpcResult()), kThreads);
  }
}

TEST_F(SlowWritesTest, WhatIsTooMuchIsRefusedAndLeavesPlaceToOthers) {
  Push("vms/a", 1);
  Push("vms/b", 1);
  Deletions deletions(target_);
  for (int i = 0; i < kThreadsOfOneClient; ++i) deletions.Begin("vms/a");
  store_.WaitFor(kThreadsOfOneClient);
  for (int i = 0; i < kOfOneClient + 5; ++i) deletions.Begin("vms/a");
  deletions.Wait(5);
  Deletions of_other(target_);
  of_other.Begin("vms/b");
  store_.GoOn();
  deletions.Wait();
  of_other.Wait();
  EXPECT_EQ(deletions.Count({StatusCode::RESOURCE_EXHAUSTED, "SERVER_BUSY", {}}), 5);
  EXPECT_EQ(deletions.Count(RpcResult()), 1);
  EXPECT_EQ(of_other.Count(RpcResult()), 1);
}

TEST_F(SlowWritesTest, TheAnswerOfAPushIsCountedUntilItIsTaken) {
  v1::CreateCheckpointRequest request = SmallRequest("vms/a", 1);
  request.set_validate_only(true);
  for (int i = 0; i < 8000; ++i) request.mutable_checkpoint()->add_gaps()->set_reason(std::string(250, 'x'));
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 65535);
  grpc::GenericStub client(grpc::CreateCustomChannel(target_, grpc::InsecureChannelCredentials(), arguments));
  // Half of the memory, by the request and the answer, which gRPC has twice.
  const size_t kept = (size_t{32} << 20) / (2 * request.ByteSizeLong() + MemoryBudget::kCall);
  std::list<UnreadCreate> calls;
  for (size_t i = 0; i < 2 * kept; ++i) calls.emplace_back(client, request);
  size_t refused = 0;
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  for (UnreadCreate& call : calls) {
    if (!call.EndsBy(deadline)) continue;
    EXPECT_EQ(call.result(), (RpcResult{StatusCode::RESOURCE_EXHAUSTED, "SERVER_BUSY", {}}));
    ++refused;
  }
  EXPECT_EQ(refused, kept);
  EXPECT_EQ(Push("vms/b", 1).version(), 1) << "of another connection";
}

TEST_F(SlowWritesTest, AShutdownEndsWhatWaits) {
  for (const char* vm : {"vms/a", "vms/b", "vms/c", "vms/d", "vms/e", "vms/f"}) Push(vm, 1);
  Deletions deletions(target_);
  Deletions more(target_);
  for (const char* vm : {"vms/a", "vms/b"}) deletions.Begin(vm);
  for (const char* vm : {"vms/c", "vms/d"}) more.Begin(vm);
  store_.WaitFor(kThreads);
  for (const char* vm : {"vms/e", "vms/f"}) deletions.Begin(vm);
  std::thread shutdown([this] { Shutdown(); });
  deletions.Wait();  // the clients know by now
  more.Wait();
  store_.GoOn();
  shutdown.join();
  EXPECT_EQ(store_.hanging(), kThreads) << "of those that nobody waits for none is begun";
  EXPECT_EQ(repository_.ListVms("", 10)->vms.size(), 2u);
}

}  // namespace
}  // namespace armstate
