// Tests that armstated ends connections with too many calls that wait for their message: by frames of HTTP/2, since a
// gRPC client keeps to the server's settings.
#include "server/rpc/open_calls.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "server/server.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

std::string Frame(int type, int flags, int stream, absl::string_view payload) {
  std::string frame = {'\0', '\0', static_cast<char>(payload.size()), static_cast<char>(type),
                       static_cast<char>(flags)};
  for (int shift = 24; shift >= 0; shift -= 8) frame += static_cast<char>(stream >> shift);
  return absl::StrCat(frame, payload);
}

std::string Header(absl::string_view name, absl::string_view value) {
  return absl::StrCat(std::string(1, '\0'), std::string(1, static_cast<char>(name.size())), name,
                      std::string(1, static_cast<char>(value.size())), value);
}

class Client {
 public:
  explicit Client(int port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    EXPECT_EQ(connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    Send(absl::StrCat("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Frame(/*SETTINGS*/ 4, 0, 0, "")));
  }
  ~Client() { close(socket_); }

  std::string name() const {
    sockaddr_in own = {};
    socklen_t size = sizeof(own);
    getsockname(socket_, reinterpret_cast<sockaddr*>(&own), &size);
    return absl::StrCat("ipv4:127.0.0.1:", ntohs(own.sin_port));
  }
  // Sends the headers of calls, and no message.
  void Begin(int calls) {
    const std::string headers =
        absl::StrCat("\x83\x86", Header(":path", "/armstate.v1.CheckpointService/GetCheckpoint"),
                     Header(":authority", "x"), Header("content-type", "application/grpc"), Header("te", "trailers"));
    std::string frames;
    for (int i = 0; i < calls; ++i, stream_ += 2) frames += Frame(/*HEADERS*/ 1, /*END_HEADERS*/ 4, stream_, headers);
    Send(frames);
  }
  // Ends the last call.
  void Reset() { Send(Frame(/*RST_STREAM*/ 3, 0, stream_ - 2, std::string(4, '\0'))); }
  // Reads for that long at most.
  bool IsHungUpWithin(absl::Duration time) {
    const timeval wait = absl::ToTimeval(time);
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
    char buffer[4096];
    ssize_t size = 0;
    while ((size = recv(socket_, buffer, sizeof(buffer), 0)) > 0) {
    }
    return size == 0;
  }

 private:
  void Send(absl::string_view bytes) {
    EXPECT_EQ(send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }

  const int socket_;
  int stream_ = 1;
};

class OpenCallsTest : public testing::Test {
 protected:
  OpenCallsTest() {
    ServerOptions options;
    options.listen_address = "127.0.0.1:0";
    options.data_dir = folder_.path() + "/data";
    server_ = Server::Start(options).value();
  }

  TempDir folder_;
  std::unique_ptr<Server> server_;
};

TEST_F(OpenCallsTest, CountsFromTheHeadersOnUntilTheEnd) {
  OpenCalls calls;
  Client client(server_->port());
  client.Begin(7);
  const auto is = [&](int64_t expected) {
    for (int i = 0; i < 100; ++i, absl::SleepFor(absl::Milliseconds(50))) {
      calls.FindNew();
      if (calls.Of(client.name()).open == expected) return true;
    }
    return false;
  };
  EXPECT_TRUE(is(7));
  client.Reset();
  EXPECT_TRUE(is(6));
  EXPECT_EQ(calls.Of(client.name()).reset, 1);
  client.Begin(2);
  EXPECT_TRUE(is(8));
  EXPECT_EQ(calls.Of("ipv4:127.0.0.1:1").open, 0);
  calls.Forget(client.name());
  EXPECT_EQ(calls.Of(client.name()).open, 0);
}

TEST_F(OpenCallsTest, HangsUpOnWhoHasMoreThanTheLimit) {
  Client within(server_->port());
  within.Begin(100);
  Client above(server_->port());
  above.Begin(400);
  EXPECT_TRUE(above.IsHungUpWithin(absl::Seconds(20)));
  EXPECT_FALSE(within.IsHungUpWithin(absl::Milliseconds(500)));
}

TEST_F(OpenCallsTest, HangsUpOnWhoResetsCallsAtOnce) {
  const auto reset = [](Client& client, int calls) {
    for (int i = 0; i < calls; ++i) {
      client.Begin(1);
      client.Reset();
    }
  };
  Client within(server_->port());
  reset(within, 200);
  Client above(server_->port());
  reset(above, 1000);
  EXPECT_TRUE(above.IsHungUpWithin(absl::Seconds(20)));
  EXPECT_FALSE(within.IsHungUpWithin(absl::Milliseconds(500)));
}

}  // namespace
}  // namespace armstate
