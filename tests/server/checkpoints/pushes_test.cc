// Tests a push stream step by step: the test plays gRPC's role and decides when a write completes.
#include "server/checkpoints/pushes.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "gtest/gtest.h"
#include "storage/rocksdb/storage.h"
#include "tests/server/server_fixture.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

const Access kEverybody(AccessControl::Everything(), "");

using Answer = v1::StreamCheckpointsResponse::Acknowledgement;
using Answers = std::vector<Answer>;

class FakeCall final : public grpc::ServerCallbackReaderWriter<grpc::ByteBuffer, v1::StreamCheckpointsResponse> {
 public:
  explicit FakeCall(CheckpointPushes::Reactor* reactor) : reactor_(reactor) { BindReactor(reactor); }

  void Finish(grpc::Status status) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    status_ = std::move(status);
    changed_.notify_all();
  }
  void Read(grpc::ByteBuffer* message) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    read_ = message;
    changed_.notify_all();
  }
  void Write(const v1::StreamCheckpointsResponse* message, grpc::WriteOptions /*options*/) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    EXPECT_FALSE(written_.has_value()) << "one write at a time";
    written_.emplace(message->acknowledgements().begin(), message->acknowledgements().end());
    changed_.notify_all();
  }
  void SendInitialMetadata() override { ADD_FAILURE(); }
  void WriteAndFinish(const v1::StreamCheckpointsResponse*, grpc::WriteOptions, grpc::Status) override {
    ADD_FAILURE();
  }

  bool is_reading() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return read_ != nullptr;
  }

  // A large message is processed on another thread, and the next one is read afterwards.
  void WaitForRead() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return read_ != nullptr; });
  }

  // Delivers a message with one request; the stream must be reading.
  void Give(const v1::CreateCheckpointRequest& request) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      ASSERT_NE(read_, nullptr);
      v1::StreamCheckpointsRequest message;
      *message.add_requests() = request;
      const grpc::Slice bytes(message.SerializeAsString());
      *read_ = grpc::ByteBuffer(&bytes, 1);
      read_ = nullptr;
    }
    reactor_->OnReadDone(true);
  }
  void HalfClose() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      read_ = nullptr;
    }
    reactor_->OnReadDone(false);
  }

  void WaitForWrite() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return written_.has_value(); });
  }
  // Waits for a write, and reports that it is complete or that the client is gone.
  Answers EndWrite(bool ok = true) {
    Answers answers;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [this] { return written_.has_value(); });
      answers = *std::move(written_);
      written_.reset();
    }
    reactor_->OnWriteDone(ok);
    return answers;
  }

  bool is_finished() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return status_.has_value();
  }
  // Waits for the end of the call, after which the reactor is deleted.
  grpc::StatusCode End() {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [this] { return status_.has_value(); });
    }
    reactor_->OnDone();
    return status_->error_code();
  }
  void Cancel() { reactor_->OnCancel(); }

 private:
  grpc::internal::ServerReactor* reactor() override { return reactor_; }
  void CallOnDone() override { ADD_FAILURE(); }

  CheckpointPushes::Reactor* const reactor_;
  std::mutex mutex_;
  std::condition_variable changed_;
  grpc::ByteBuffer* read_ = nullptr;
  absl::optional<Answers> written_;
  absl::optional<grpc::Status> status_;
};

// Of connections, which there are none of.
constexpr ConnectionGuard::Limits kNoLimits = {size_t{1} << 30, 1000, size_t{1} << 30};

class CheckpointPushesTest : public testing::Test {
 protected:
  CheckpointPushesTest()
      : storage_(RocksDbStorage::Open(data_dir_.path() + "/data", {}).value()),
        repository_(storage_->checkpoints()),
        pushes_(repository_, workers_) {}

  TempDir data_dir_;
  std::unique_ptr<RocksDbStorage> storage_;
  CheckpointRepository repository_;
  CallWorkers workers_{size_t{256} << 20, kNoLimits};
  CheckpointPushes pushes_;
};

TEST_F(CheckpointPushesTest, ReadsOnOnlyBelow256Unanswered) {
  FakeCall call(pushes_.Open(
      "client", [] {}, kEverybody));
  for (int i = 0; i < 256; ++i) {
    ASSERT_TRUE(call.is_reading()) << i;
    call.Give(SmallRequest(absl::StrCat("vms/vm", i % 50), i));
  }
  // Whatever is stored by now, the client has received no answer.
  EXPECT_FALSE(call.is_reading());
  const Answers first = call.EndWrite();
  ASSERT_EQ(first.size(), 1u) << "there were no more when it was written";
  std::set<int64_t> items{first[0].item()};
  EXPECT_TRUE(call.is_reading());
  call.Give(SmallRequest("vms/vm0", 256));
  EXPECT_FALSE(call.is_reading());
  while (items.size() < 257) {
    for (const Answer& answer : call.EndWrite()) EXPECT_TRUE(items.insert(answer.item()).second);
  }
  EXPECT_TRUE(call.is_reading());
  EXPECT_FALSE(call.is_finished());
  call.HalfClose();
  EXPECT_EQ(call.End(), grpc::StatusCode::OK);
}

TEST_F(CheckpointPushesTest, ReadsOnOnlyBelow64MebibytesUnanswered) {
  v1::CreateCheckpointRequest large = SmallRequest("vms/a", 1);
  (*large.mutable_checkpoint()->mutable_labels())["large"] = std::string(size_t{17} << 20, 'x');  // too long, too
  FakeCall call(pushes_.Open(
      "client", [] {}, kEverybody));
  for (int i = 0; i < 4; ++i) {
    call.WaitForRead();
    call.Give(large);
  }
  absl::SleepFor(absl::Milliseconds(500));
  EXPECT_FALSE(call.is_reading());
  const Answers first = call.EndWrite();
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].error().code(), 3) << "INVALID_ARGUMENT";
  call.WaitForRead();
  int items = 1;
  while (items < 4) {
    for (const Answer& answer : call.EndWrite()) EXPECT_EQ(answer.item(), items++);
  }
  call.HalfClose();
  EXPECT_EQ(call.End(), grpc::StatusCode::OK);
}

TEST_F(CheckpointPushesTest, StreamsOfOneConnectionShareItsPartOfTheMemory) {
  CallWorkers workers(size_t{20} << 20, kNoLimits);
  CheckpointPushes pushes(repository_, workers);
  v1::CreateCheckpointRequest large = SmallRequest("vms/a", 1);
  (*large.mutable_checkpoint()->mutable_labels())["large"] = std::string(size_t{11} << 20, 'x');  // too long, too
  FakeCall call(pushes.Open(
      "one", [] {}, kEverybody));
  FakeCall of_same(pushes.Open(
      "one", [] {}, kEverybody));
  FakeCall of_other(pushes.Open(
      "other", [] {}, kEverybody));
  call.Give(large);
  EXPECT_FALSE(call.is_reading());
  of_same.Give(SmallRequest("vms/b", 1));
  EXPECT_EQ(of_same.End(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  FakeCall of_same_later(pushes.Open(
      "one", [] {}, kEverybody));
  EXPECT_FALSE(of_same_later.is_reading());
  EXPECT_EQ(of_same_later.End(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  of_other.Give(SmallRequest("vms/b", 1));
  EXPECT_EQ(of_other.EndWrite().at(0).checkpoint().version(), 1);
  of_other.Give(large);
  EXPECT_EQ(of_other.End(), grpc::StatusCode::RESOURCE_EXHAUSTED) << "others have taken all by then";

  EXPECT_EQ(call.EndWrite().size(), 1u);
  call.WaitForRead();  // there is place again
  call.HalfClose();
  EXPECT_EQ(call.End(), grpc::StatusCode::OK);
}

// 2000 idle streams, each on its own host, and their memory: a push of the next one still finds room.
TEST_F(CheckpointPushesTest, IdleStreamsTakeLittleAndLeavePlace) {
  constexpr int kStreams = 2000;
  CallWorkers workers(size_t{48} << 20, kNoLimits);
  CheckpointPushes pushes(repository_, workers);
  std::vector<std::unique_ptr<FakeCall>> idle;
  for (int i = 0; i < kStreams; ++i) {
    idle.push_back(std::make_unique<FakeCall>(pushes.Open(
        absl::StrCat("host", i), [] {}, kEverybody)));
    ASSERT_TRUE(idle.back()->is_reading()) << i;
  }
  for (int version : {1, 2}) {
    idle[0]->Give(SmallRequest("vms/a", version));
    EXPECT_EQ(idle[0]->EndWrite().at(0).checkpoint().version(), version);
  }
  // Anything above that is refused, however small it is.
  size_t refused = 0;
  std::vector<std::unique_ptr<FakeCall>> more;
  for (int i = 0; i < kStreams; ++i) {
    more.push_back(std::make_unique<FakeCall>(pushes.Open(
        absl::StrCat("more", i), [] {}, kEverybody)));
    if (!more.back()->is_reading()) ++refused;
  }
  EXPECT_GT(refused, 0u);
  for (const auto* calls : {&idle, &more}) {
    for (const std::unique_ptr<FakeCall>& call : *calls) {
      if (call->is_reading()) call->HalfClose();
      call->End();
    }
  }
}

// Another thread decodes it.
TEST_F(CheckpointPushesTest, ALargeMessageIsAnsweredAfterADrainAndDroppedAfterACancellation) {
  v1::CreateCheckpointRequest large = SmallRequest("vms/a", 1);
  (*large.mutable_checkpoint()->mutable_labels())["large"] = std::string(size_t{11} << 20, 'x');  // too long, too
  absl::Notification may_decode;
  workers_.decoding.Run("one", [&may_decode] { may_decode.WaitForNotification(); });
  FakeCall cancelled(pushes_.Open(
      "one", [] {}, kEverybody));
  cancelled.Give(large);
  cancelled.Cancel();
  EXPECT_FALSE(cancelled.is_finished());
  may_decode.Notify();
  EXPECT_EQ(cancelled.End(), grpc::StatusCode::CANCELLED);
  FakeCall drained(pushes_.Open(
      "one", [] {}, kEverybody));
  drained.Give(large);
  pushes_.Drain();
  EXPECT_EQ(drained.EndWrite().size(), 1u);
  EXPECT_EQ(drained.End(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(CheckpointPushesTest, AHalfClosedStreamEndsWhenAllIsAnswered) {
  FakeCall call(pushes_.Open(
      "client", [] {}, kEverybody));
  call.Give(SmallRequest("vms/a", 1));
  call.Give(SmallRequest("vms/a", 2));
  call.HalfClose();
  EXPECT_EQ(call.EndWrite().at(0).checkpoint().version(), 1);
  EXPECT_FALSE(call.is_finished());
  EXPECT_EQ(call.EndWrite().at(0).checkpoint().version(), 2);
  EXPECT_EQ(call.End(), grpc::StatusCode::OK);
}

TEST_F(CheckpointPushesTest, ACancelledStreamEndsWhenTheStoreHasAnswered) {
  FakeCall call(pushes_.Open(
      "client", [] {}, kEverybody));
  for (int i = 0; i < 20; ++i) call.Give(SmallRequest("vms/a", i));
  call.WaitForWrite();
  call.Cancel();
  call.HalfClose();  // so gRPC ends the read
  EXPECT_FALSE(call.is_finished());
  call.EndWrite(false);
  EXPECT_EQ(call.End(), grpc::StatusCode::CANCELLED);
  // What was not started by then is not stored, and there are no gaps.
  const absl::StatusOr<VmInfo> vm = repository_.GetVm("a");
  ASSERT_TRUE(vm.ok()) << vm.status();
  EXPECT_EQ(vm->checkpoint_count, vm->last_version);
  EXPECT_LE(vm->last_version, 20);
}

TEST_F(CheckpointPushesTest, ADrainEndsTheStreamBehindWhatWasRead) {
  FakeCall call(pushes_.Open(
      "client", [] {}, kEverybody));
  call.Give(SmallRequest("vms/a", 1));
  pushes_.Drain();
  EXPECT_FALSE(call.is_finished());
  EXPECT_EQ(call.EndWrite().at(0).checkpoint().version(), 1);
  // A message that arrives nevertheless is not stored, since its result could not be reported.
  call.Give(SmallRequest("vms/a", 2));
  EXPECT_EQ(call.End(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(repository_.GetVm("a")->last_version, 1);

  FakeCall late(pushes_.Open(
      "client", [] {}, kEverybody));
  EXPECT_FALSE(late.is_reading());
  EXPECT_EQ(late.End(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace armstate
