// Connections that take all descriptors of armstated.
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "armstate/v1/checkpoint_service.grpc.pb.h"
#include "tests/testing/armstated_process.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

constexpr int kConnections = 400;

// Whether a call of a new connection is answered within 20 s.
bool Answers(const ArmstatedProcess& server) {
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(20)));
  v1::ListVmsResponse response;
  return v1::CheckpointService::NewStub(server.Connect())->ListVms(&context, {}, &response).ok();
}

// Connections that say nothing, until this goes.
class Silent {
 public:
  explicit Silent(const ArmstatedProcess& server) {
    int port = 0;
    EXPECT_TRUE(absl::SimpleAtoi(server.address().substr(server.address().rfind(':') + 1), &port));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    for (int i = 0; i < kConnections; ++i) {
      const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      EXPECT_EQ(connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
      connections_.push_back(connection);
    }
  }
  ~Silent() {
    for (const int connection : connections_) close(connection);
  }

  // How many the server has hung up on, within 3 s.
  int CountRefused() const {
    absl::SleepFor(absl::Seconds(3));
    int refused = 0;
    for (const int connection : connections_) {
      char bytes[1024];  // gRPC sends its settings at once
      ssize_t size = 0;
      while ((size = recv(connection, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
      }
      refused += size == 0 || errno != EAGAIN ? 1 : 0;
    }
    return refused;
  }

 private:
  std::vector<int> connections_;
};

absl::StatusOr<std::unique_ptr<ArmstatedProcess>> StartWithLimit(const std::string& limit, const TempDir& data_dir) {
  return ArmstatedProcess::StartCommand(
      {"/bin/sh", "-c",
       absl::StrCat("ulimit ", limit, "; exec server/armstated --listen=127.0.0.1:0 --data_dir=", data_dir.path())});
}

TEST(ConnectionsTest, TheLastDescriptorsAreNotTakenAndTheListenerGoesOn) {
  const TempDir data_dir;
  auto server = StartWithLimit("-n 256", data_dir);
  ASSERT_TRUE(server.ok()) << server.status();
  const auto stub = v1::CheckpointService::NewStub((*server)->Connect());
  const auto list = [&stub] {
    grpc::ClientContext context;
    v1::ListVmsResponse response;
    return stub->ListVms(&context, {}, &response).ok();
  };
  ASSERT_TRUE(list());
  {
    const Silent silent(**server);
    const int refused = silent.CountRefused();
    EXPECT_GT(refused, kConnections - 256);
    EXPECT_LT(refused, kConnections - 100);
    EXPECT_TRUE(list()) << "who was there before is served";
  }
  EXPECT_TRUE(Answers(**server));
}

TEST(ConnectionsTest, TheSoftLimitIsRaised) {
  const TempDir data_dir;
  auto server = StartWithLimit("-S -n 256", data_dir);
  ASSERT_TRUE(server.ok()) << server.status();
  const Silent silent(**server);
  EXPECT_EQ(silent.CountRefused(), 0);
  EXPECT_TRUE(Answers(**server));
}

// Silence is no reason to keep a descriptor.
TEST(ConnectionsTest, WhoSaysNothingIsHungUpOn) {
  const TempDir data_dir;
  auto server = StartWithLimit("-n 256", data_dir);
  ASSERT_TRUE(server.ok()) << server.status();
  const Silent silent(**server);
  absl::SleepFor(absl::Seconds(22));
  EXPECT_EQ(silent.CountRefused(), kConnections);
  EXPECT_TRUE(Answers(**server));
}

}  // namespace
}  // namespace armstate
