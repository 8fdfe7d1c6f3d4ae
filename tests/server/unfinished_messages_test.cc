// UnfinishedMessages, with real TCP connections on loopback.
#include "server/unfinished_messages.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "server/connection.h"

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

 private:
  int client_ = -1;
  int server_ = -1;
};

TEST(UnfinishedMessagesTest, HangsUpOnTheLargestOnly) {
  UnfinishedMessages unfinished(4 * kMiB);
  Connection small;
  Connection large;
  unfinished.Watch(small.server());
  unfinished.Watch(large.server());
  small.Send(kMiB);
  large.Send(2 * kMiB);
  unfinished.HangUp();
  EXPECT_FALSE(small.IsHungUp() || large.IsHungUp()) << "3 MiB are allowed";
  large.Send(2 * kMiB);
  unfinished.HangUp();
  EXPECT_TRUE(large.IsHungUp());
  EXPECT_FALSE(small.IsHungUp());
  small.Send(2 * kMiB);
  unfinished.HangUp();
  EXPECT_FALSE(small.IsHungUp()) << "what the other one had sent counts no more";
}

TEST(UnfinishedMessagesTest, CompleteMessagesDoNotCount) {
  UnfinishedMessages unfinished(4 * kMiB);
  Connection connection;
  unfinished.Watch(connection.server());
  for (int i = 0; i < 20; ++i) {
    connection.Send(kMiB);
    unfinished.Complete(connection.name(), kMiB);
    unfinished.HangUp();
    ASSERT_FALSE(connection.IsHungUp()) << i;
  }
  connection.Send(5 * kMiB);
  unfinished.HangUp();
  EXPECT_TRUE(connection.IsHungUp()) << "what was complete before is no credit";
}

TEST(UnfinishedMessagesTest, ShortMessagesOfAStreamHideNoOthers) {
  UnfinishedMessages unfinished(4 * kMiB);
  Connection connection;
  unfinished.Watch(connection.server());
  connection.Send(5 * kMiB);
  for (int i = 0; i < 4096; ++i) unfinished.CompleteInStream(connection.name(), 2);
  unfinished.HangUp();
  EXPECT_TRUE(connection.IsHungUp()) << "4096 messages of 2 bytes made up for a MiB";
}

TEST(UnfinishedMessagesTest, ForgetsSocketsThatAreClosed) {
  UnfinishedMessages unfinished(kMiB);
  Connection gone;
  unfinished.Watch(gone.server());
  gone.Send(2 * kMiB);
  Connection next;
  const int number = gone.server();
  ASSERT_EQ(dup2(next.server(), number), number);
  unfinished.HangUp();
  EXPECT_FALSE(unfinished.IsWatching());
  EXPECT_FALSE(next.IsHungUp()) << "it has the number of the other one";
}

TEST(UnfinishedMessagesTest, OnlyTcpIsWatched) {
  int sockets[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
  UnfinishedMessages unfinished(kMiB);
  unfinished.Watch(sockets[0]);
  EXPECT_FALSE(unfinished.IsWatching());
  close(sockets[0]);
  close(sockets[1]);
}

}  // namespace
}  // namespace armstate
