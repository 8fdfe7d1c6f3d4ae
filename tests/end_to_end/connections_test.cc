// Connections that take all descriptors of armstated.
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
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
bool Answers(const std::shared_ptr<grpc::Channel>& channel) {
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(20)));
  v1::ListVmsResponse response;
  return v1::CheckpointService::NewStub(channel)->ListVms(&context, {}, &response).ok();
}

sockaddr_in AddressOf(const ArmstatedProcess& server) {
  int port = 0;
  EXPECT_TRUE(absl::SimpleAtoi(server.address().substr(server.address().rfind(':') + 1), &port));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

// Connections that say nothing, until this goes.
class Silent {
 public:
  explicit Silent(const ArmstatedProcess& server) : Silent(AddressOf(server)) {}

  // A sockaddr_in or sockaddr_un.
  template <typename Address>
  explicit Silent(const Address& address) {
    const auto& any = reinterpret_cast<const sockaddr&>(address);
    for (int i = 0; i < kConnections; ++i) {
      const int connection = socket(any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
      EXPECT_EQ(connect(connection, &any, sizeof(address)), 0);
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

absl::StatusOr<std::unique_ptr<ArmstatedProcess>> StartWithLimit(const std::string& limit, const TempDir& data_dir,
                                                                 const std::string& address = "127.0.0.1:0") {
  return ArmstatedProcess::StartCommand(
      {"/bin/sh", "-c",
       absl::StrCat("ulimit ", limit, "; exec server/armstated --listen=", address, " --data_dir=", data_dir.path())});
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
    // When descriptors are short, each new connection frees two: those of the oldest that never asked for anything.
    EXPECT_LT(refused, kConnections - 50);
    EXPECT_TRUE(list()) << "who was there before is served";
  }
  EXPECT_TRUE(Answers((*server)->Connect()));
}

// The same with a socket of a path.
TEST(ConnectionsTest, AUnixSocketGoesOnWhenTheDescriptorsAreFreeAgain) {
  char folder[] = "/tmp/armstated.XXXXXX";  // a path of a sandbox is too long for a socket
  ASSERT_NE(mkdtemp(folder), nullptr);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", folder);
  const std::string target = absl::StrCat("unix:", address.sun_path);
  const TempDir data_dir;
  for (int round = 0; round < 2; ++round) {
    auto server = StartWithLimit("-n 256", data_dir, target);
    ASSERT_TRUE(server.ok()) << server.status();
    const auto connect = [&target] {
      grpc::ChannelArguments arguments;
      arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
      return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
    };
    const auto before = connect();
    ASSERT_TRUE(Answers(before));
    const TempDir other_data_dir;
    const auto second = StartWithLimit("-n 256", other_data_dir, target);
    EXPECT_FALSE(second.ok()) << "the path is taken";
    ASSERT_TRUE(Answers(connect())) << "it is still the first one's";
    {
      const Silent silent(address);
      const int refused = silent.CountRefused();
      EXPECT_GT(refused, kConnections - 256);
      EXPECT_LT(refused, kConnections - 100);
      EXPECT_TRUE(Answers(before)) << "who was there before is served";
    }
    EXPECT_TRUE(Answers(connect()));
    // The first one leaves its socket, whose place the second one takes.
    EXPECT_EQ((*server)->Stop(round == 0 ? SIGKILL : SIGTERM), round == 0 ? -SIGKILL : 0);
  }
  EXPECT_NE(access(address.sun_path, F_OK), 0) << "it goes with the server";
  EXPECT_EQ(rmdir(folder), 0);
}

TEST(ConnectionsTest, TheSoftLimitIsRaised) {
  const TempDir data_dir;
  auto server = StartWithLimit("-S -n 256", data_dir);
  ASSERT_TRUE(server.ok()) << server.status();
  const Silent silent(**server);
  EXPECT_EQ(silent.CountRefused(), 0);
  EXPECT_TRUE(Answers((*server)->Connect()));
}

// Silence is no reason to keep a descriptor.
TEST(ConnectionsTest, WhoSaysNothingIsHungUpOn) {
  const TempDir data_dir;
  auto server = StartWithLimit("-n 256", data_dir);
  ASSERT_TRUE(server.ok()) << server.status();
  const Silent silent(**server);
  absl::SleepFor(absl::Seconds(22));
  EXPECT_EQ(silent.CountRefused(), kConnections);
  EXPECT_TRUE(Answers((*server)->Connect()));
}

}  // namespace
}  // namespace armstate
