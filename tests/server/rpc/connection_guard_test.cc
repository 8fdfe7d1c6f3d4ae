// Tests ConnectionGuard with real TCP connections on loopback.
#include "server/rpc/connection_guard.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/rpc/connection.h"

namespace armstate {
namespace {

constexpr size_t kMiB = size_t{1} << 20;

// Both ends of a connection.
class Connection {
 public:
  Connection() {
    const int listening = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    bind(listening, reinterpret_cast<sockaddr*>(&address), size);
    listen(listening, 1);
    getsockname(listening, reinterpret_cast<sockaddr*>(&address), &size);
    client_ = socket(AF_INET, SOCK_STREAM, 0);
    connect(client_, reinterpret_cast<sockaddr*>(&address), size);
    server_ = accept(listening, nullptr, nullptr);
    close(listening);
  }
  ~Connection() {
    close(client_);
    close(server_);
  }

  int server() const { return server_; }
  std::string name() const { return ConnectionOf(server_); }

  // Sends, and reads it at the server's end.
  void Send(size_t bytes) {
    std::vector<char> buffer(64 << 10);
    for (size_t sent = 0; sent < bytes; sent += buffer.size()) {
      ASSERT_EQ(send(client_, buffer.data(), buffer.size(), MSG_NOSIGNAL), static_cast<ssize_t>(buffer.size()));
      ASSERT_EQ(recv(server_, buffer.data(), buffer.size(), MSG_WAITALL), static_cast<ssize_t>(buffer.size()));
    }
  }
  bool IsHungUp() const {
    char byte;
    return recv(client_, &byte, 1, MSG_DONTWAIT) == 0;
  }
  // The server sends, and the client acknowledges as it would with HTTP/2.
  void Answer(size_t bytes, size_t window_updates) {
    std::vector<char> buffer(std::max(bytes, window_updates));
    ASSERT_EQ(send(server_, buffer.data(), bytes, MSG_NOSIGNAL), static_cast<ssize_t>(bytes));
    ASSERT_EQ(recv(client_, buffer.data(), bytes, MSG_WAITALL), static_cast<ssize_t>(bytes));
    ASSERT_EQ(send(client_, buffer.data(), window_updates, MSG_NOSIGNAL), static_cast<ssize_t>(window_updates));
    ASSERT_EQ(recv(server_, buffer.data(), window_updates, MSG_WAITALL), static_cast<ssize_t>(window_updates));
  }

 private:
  int client_ = -1;
  int server_ = -1;
};

TEST(ConnectionGuardTest, HangsUpOnTheLargestOnly) {
  ConnectionGuard guard({4 * kMiB, 100, 0});
  Connection small;
  Connection large;
  guard.Watch(small.server());
  guard.Watch(large.server());
  small.Send(kMiB);
  large.Send(2 * kMiB);
  guard.HangUp();
  EXPECT_FALSE(small.IsHungUp() || large.IsHungUp()) << "3 MiB are allowed";
  large.Send(2 * kMiB);
  guard.HangUp();
  EXPECT_TRUE(large.IsHungUp());
  EXPECT_FALSE(small.IsHungUp());
  small.Send(2 * kMiB);
  guard.HangUp();
  EXPECT_FALSE(small.IsHungUp()) << "what the other one had sent counts no more";
}

TEST(ConnectionGuardTest, CompleteMessagesDoNotCount) {
  ConnectionGuard guard({4 * kMiB, 100, 0});
  Connection connection;
  guard.Watch(connection.server());
  for (int i = 0; i < 20; ++i) {
    connection.Send(kMiB);
    guard.Complete(connection.name(), kMiB);
    guard.HangUp();
    ASSERT_FALSE(connection.IsHungUp()) << i;
  }
  connection.Send(5 * kMiB);
  guard.HangUp();
  EXPECT_TRUE(connection.IsHungUp()) << "what was complete before is no credit";
}

TEST(ConnectionGuardTest, ShortMessagesOfAStreamHideNoOthers) {
  ConnectionGuard guard({4 * kMiB, 100, 0});
  Connection connection;
  guard.Watch(connection.server());
  connection.Send(5 * kMiB);
  for (int i = 0; i < 4096; ++i) guard.CompleteInStream(connection.name(), 2);
  guard.HangUp();
  EXPECT_TRUE(connection.IsHungUp()) << "4096 messages of 2 bytes made up for a MiB";
}

// The attacker's connection would be the smaller one if what is beside the messages counted.
TEST(ConnectionGuardTest, WhoTakesMuchOrAsksForHealthIsNotTheLargest) {
  ConnectionGuard guard({300 << 10, 100, 0});
  Connection reader;
  Connection checker;
  Connection attacker;
  for (const Connection* each : {&reader, &checker, &attacker}) guard.Watch(each->server());
  attacker.Send(128 << 10);
  for (int i = 0; i < 1000; ++i) {
    for (int frame = 0; frame < 64; ++frame) reader.Answer(16 << 10, 26);
    for (int check = 0; check < 4; ++check) checker.Answer(64, 64);
    guard.HangUp();
    ASSERT_FALSE(reader.IsHungUp() || checker.IsHungUp()) << i;
  }
  attacker.Send(192 << 10);
  guard.HangUp();
  EXPECT_TRUE(attacker.IsHungUp());
  EXPECT_FALSE(reader.IsHungUp() || checker.IsHungUp());
}

// 54 MiB at once and then 22 KiB a second, at a scale that a test has time for.
TEST(ConnectionGuardTest, SlowDripIsNotForgotten) {
  ConnectionGuard guard({kMiB, 100, 0});
  Connection connection;
  guard.Watch(connection.server());
  connection.Send(700 << 10);
  int intervals = 0;
  for (; !connection.IsHungUp() && intervals < 40'000; ++intervals) {
    if (intervals % 60 == 0) connection.Send(64 << 10);
    guard.HangUp();
  }
  EXPECT_EQ(intervals, 301) << "after 6 times 64 KiB";
}

TEST(ConnectionGuardTest, WhileMemoryIsShortTheLeastUsedGo) {
  std::vector<std::unique_ptr<Connection>> connections;
  for (int i = 0; i < 6; ++i) connections.push_back(std::make_unique<Connection>());
  for (const size_t resident : {size_t{1} << 50, size_t{0}}) {
    ConnectionGuard guard({kMiB, 16, resident});  // a quarter, when all of 0 bytes are taken
    for (const auto& each : connections) guard.Watch(each->server());
    guard.Complete(connections[0]->name(), 1);
    guard.CompleteInStream(connections[2]->name(), 1);
    guard.HangUp();
    for (int i = 0; i < 6; ++i) EXPECT_EQ(connections[i]->IsHungUp(), resident == 0 && (i == 1 || i == 3)) << i;
  }
}

TEST(ConnectionGuardTest, MakesPlaceOfWhatIsUnused) {
  ConnectionGuard guard({kMiB, 100, 0});
  Connection first;
  Connection second;
  guard.Watch(first.server());
  guard.Watch(second.server());
  guard.Complete(first.name(), 1);
  guard.Complete(second.name(), 1);
  guard.HangUp();
  EXPECT_FALSE(guard.MakePlace(absl::Minutes(1)));
  EXPECT_FALSE(first.IsHungUp() || second.IsHungUp());
  guard.Complete(first.name(), 1);
  guard.HangUp();
  EXPECT_TRUE(guard.MakePlace(absl::ZeroDuration()));
  EXPECT_FALSE(first.IsHungUp());
  EXPECT_TRUE(second.IsHungUp());
}

// A stalled handshake must not keep its place until its time is over.
TEST(ConnectionGuardTest, MakesPlaceOfTheOldestThatNeverAsked) {
  ConnectionGuard guard({kMiB, 100, 0});
  Connection used;
  Connection stalled;
  Connection younger;
  for (const Connection* each : {&used, &stalled, &younger}) guard.Watch(each->server());
  guard.Complete(used.name(), 1);
  guard.HangUp();
  EXPECT_TRUE(guard.MakePlace(absl::Minutes(1)));
  EXPECT_TRUE(stalled.IsHungUp());
  EXPECT_FALSE(used.IsHungUp() || younger.IsHungUp());
}

TEST(ConnectionGuardTest, ForgetsSocketsThatAreClosed) {
  ConnectionGuard guard({kMiB, 100, 0});
  Connection gone;
  guard.Watch(gone.server());
  gone.Send(2 * kMiB);
  Connection next;
  const int number = gone.server();
  ASSERT_EQ(dup2(next.server(), number), number);
  guard.HangUp();
  EXPECT_FALSE(guard.IsWatching());
  EXPECT_FALSE(next.IsHungUp()) << "it has the number of the other one";
}

TEST(ConnectionGuardTest, OnlyTcpIsWatched) {
  int sockets[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
  ConnectionGuard guard({kMiB, 100, 0});
  guard.Watch(sockets[0]);
  EXPECT_FALSE(guard.IsWatching());
  close(sockets[0]);
  close(sockets[1]);
}

}  // namespace
}  // namespace armstate
