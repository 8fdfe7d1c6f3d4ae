// CheckpointWatch against servers that go away and come back.
#include "client/checkpoint_watch.h"

#include <unistd.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/checkpoint_client.h"
#include "core/error.h"
#include "gmock/gmock.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"
#include "proto/enum_name.h"
#include "proto/status_conversion.h"
#include "server/server.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

using ::testing::ElementsAre;

Connection Connect(const std::string& target) {
  ConnectionOptions options;
  options.target = target;
  options.initial_backoff = absl::Milliseconds(10);
  options.max_backoff = absl::Milliseconds(50);
  return Connection(options);
}

CheckpointWatch::Options Quick() { return {absl::Milliseconds(10), absl::Milliseconds(50), {}}; }

v1::WatchCheckpointsRequest All() {
  v1::WatchCheckpointsRequest request;
  request.set_parent("vms/-");
  return request;
}

std::string Text(const absl::StatusOr<v1::CheckpointEvent>& event) {
  if (!event.ok()) return event.status().ToString();
  return absl::StrCat(EnumName(event->kind()), " ", event->checkpoint());
}

// A socket that nobody else has and that has no file: a path in `dir` may be too long for one.
std::string AddressOf(const TempDir& dir) {
  return absl::StrCat("unix-abstract:", dir.path().substr(dir.path().rfind('/') + 1), ".", getpid());
}

// A real server at an address that stays the same.
class RealServerTest : public testing::Test {
 protected:
  RealServerTest() : target_(AddressOf(dir_)), connection_(Connect(target_)) { Start(); }

  void Start() {
    ServerOptions options;
    options.listen_address = target_;
    options.data_dir = dir_.path() + "/data";
    absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(options);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  void Stop() {
    server_->Shutdown(absl::InfiniteFuture());
    server_.reset();
  }
  void Push() {
    v1::CreateCheckpointRequest request;
    request.set_parent("vms/a");
    request.mutable_checkpoint()->mutable_source()->set_accelerator(v1::ACCELERATOR_KVM);
    v1::RegisterList& list = *request.mutable_checkpoint()->add_vcpus()->mutable_registers();
    list.add_ids(0x603000000013c080);  // SCTLR_EL1
    list.set_values(std::string(8, '\0'));
    const absl::StatusOr<v1::Checkpoint> stored = CheckpointClient(connection_).CreateCheckpoint(request);
    ASSERT_TRUE(stored.ok()) << stored.status();
  }

  const TempDir dir_;
  const std::string target_;
  const Connection connection_;
  std::unique_ptr<Server> server_;
};

TEST_F(RealServerTest, EveryEventComesOnceAcrossRestarts) {
  std::atomic<int> reconnects{0};
  CheckpointWatch::Options options = Quick();
  options.on_reconnect = [&](const absl::Status& status) { reconnects += absl::IsUnavailable(status); };
  CheckpointWatch watch(connection_, All(), options);
  EXPECT_EQ(Text(watch.Next()), "PROGRESS ");
  for (int round = 1; round <= 3; ++round) {
    Push();
    Push();
    EXPECT_EQ(Text(watch.Next()), absl::StrCat("CREATED vms/a/checkpoints/", 2 * round - 1));
    Stop();
    Start();
    EXPECT_EQ(Text(watch.Next()), absl::StrCat("CREATED vms/a/checkpoints/", 2 * round));
  }
  EXPECT_GE(reconnects, 3);
  // The last token is good for another watch.
  v1::WatchCheckpointsRequest request = All();
  request.set_resume_token(watch.resume_token());
  CheckpointWatch other(connection_, request, Quick());
  EXPECT_EQ(Text(other.Next()), "PROGRESS ");
  EXPECT_EQ(other.resume_token(), watch.resume_token());
  Push();
  EXPECT_EQ(Text(other.Next()), "CREATED vms/a/checkpoints/7");
  EXPECT_EQ(Text(watch.Next()), "CREATED vms/a/checkpoints/7");
}

TEST_F(RealServerTest, MoreEventsThanAreReadAhead) {
  for (int i = 0; i < 300; ++i) Push();
  v1::WatchCheckpointsRequest request = All();
  request.set_from_oldest(true);
  CheckpointWatch watch(connection_, request, Quick());
  EXPECT_EQ(Text(watch.Next()), "PROGRESS ");
  for (int i = 1; i <= 300; ++i) {
    ASSERT_EQ(Text(watch.Next()), absl::StrCat("CREATED vms/a/checkpoints/", i));
    if (i == 100) {
      Stop();
      Start();
    }
  }
}

TEST_F(RealServerTest, ADeadlineLosesNothing) {
  CheckpointWatch watch(connection_, All(), Quick());
  EXPECT_EQ(Text(watch.Next()), "PROGRESS ");
  EXPECT_TRUE(absl::IsDeadlineExceeded(watch.Next(absl::Now() + absl::Milliseconds(5)).status()));
  EXPECT_TRUE(absl::IsDeadlineExceeded(watch.Next(absl::InfinitePast()).status()));
  Push();
  EXPECT_EQ(Text(watch.Next(absl::Now() + absl::Minutes(1))), "CREATED vms/a/checkpoints/1");
}

TEST_F(RealServerTest, StopEndsAWaitingNext) {
  CheckpointWatch watch(connection_, All(), Quick());
  EXPECT_EQ(Text(watch.Next()), "PROGRESS ");
  std::thread stopper([&watch] { watch.Stop(); });
  EXPECT_TRUE(absl::IsCancelled(watch.Next().status()));
  stopper.join();
  EXPECT_TRUE(absl::IsCancelled(watch.Next().status()));
}

TEST_F(RealServerTest, AnErrorThatStaysIsGivenAgain) {
  v1::WatchCheckpointsRequest request = All();
  request.set_resume_token("x");
  CheckpointWatch watch(connection_, request, Quick());
  for (int i = 0; i < 2; ++i) {
    const absl::Status status = watch.Next().status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    ASSERT_TRUE(GetErrorInfo(status));
    EXPECT_EQ(GetErrorInfo(status)->reason, ErrorReason::kPageTokenInvalid);
  }
}

TEST(CheckpointWatch, WithoutAServerItDoesNotWait) {
  const TempDir dir;
  CheckpointWatch watch(Connect(AddressOf(dir)), All(), Quick());
  EXPECT_TRUE(absl::IsUnavailable(watch.Next().status()));
}

// Each call gets a list of events and then an error.
class ScriptedService final : public v1::CheckpointService::Service {
 public:
  struct Answer {
    std::vector<int> events;  // 0: PROGRESS with token "0"; n: version n with token "n"
    int token_of_progress = 0;
    absl::Status end;
  };
  explicit ScriptedService(std::vector<Answer> answers) : answers_(std::move(answers)) {}

  grpc::Status WatchCheckpoints(grpc::ServerContext*, const v1::WatchCheckpointsRequest* request,
                                grpc::ServerWriter<v1::CheckpointEvent>* writer) override {
    const Answer& answer = answers_.at(seen.size());
    seen.push_back(absl::StrCat(request->resume_token(), request->from_oldest() ? " oldest" : ""));
    v1::CheckpointEvent event;
    event.set_kind(v1::CheckpointEvent::KIND_PROGRESS);
    event.set_resume_token(absl::StrCat(answer.token_of_progress));
    writer->Write(event);
    for (const int version : answer.events) {
      event.set_kind(v1::CheckpointEvent::KIND_CREATED);
      event.set_checkpoint(absl::StrCat("vms/a/checkpoints/", version));
      event.set_resume_token(absl::StrCat(version));
      writer->Write(event);
    }
    return ToGrpcStatus(answer.end);
  }

  std::vector<std::string> seen;

 private:
  const std::vector<Answer> answers_;
};

TEST(CheckpointWatch, GoesOnWhenItWasTooSlowOrDropped) {
  const absl::Status too_slow =
      MakeError(absl::StatusCode::kResourceExhausted, ErrorReason::kWatcherTooSlow, "not taken in time");
  ScriptedService service({{{1, 2}, 0, too_slow},
                           {{}, 2, absl::UnavailableError("going away")},
                           {{3}, 2, absl::CancelledError("a reset stream")},
                           {{4}, 3, absl::ResourceExhaustedError("a message is too large")}});
  const TempDir dir;
  const std::string target = AddressOf(dir);
  grpc::ServerBuilder builder;
  builder.AddListeningPort(target, grpc::InsecureServerCredentials());
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  ASSERT_NE(server, nullptr);
  {
    v1::WatchCheckpointsRequest request = All();
    request.set_from_oldest(true);
    CheckpointWatch watch(Connect(target), request, Quick());
    EXPECT_EQ(Text(watch.Next()), "PROGRESS ");
    for (int i = 1; i <= 4; ++i) EXPECT_EQ(Text(watch.Next()), absl::StrCat("CREATED vms/a/checkpoints/", i));
    EXPECT_TRUE(absl::IsResourceExhausted(watch.Next().status()));
    EXPECT_EQ(watch.resume_token(), "4");
  }
  EXPECT_THAT(service.seen, ElementsAre(" oldest", "2", "2", "3"));
}

}  // namespace
}  // namespace armstate
