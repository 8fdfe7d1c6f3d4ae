// Tests who can use a Unix socket, and who keeps whom from it.
#include "server/security/unix_users.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

// A user that is neither root nor this process'.
constexpr uid_t kFirst = 0x40000000;

class UnixUsersTest : public testing::Test {
 protected:
  ~UnixUsersTest() override {
    for (const int socket : sockets_) close(socket);
  }

  void Open(const std::string& identity) {
    Write(identity);
    access_ = AccessControl::Open(identity.empty() ? "" : policy_, absl::Milliseconds(10)).value();
    users_ = std::make_unique<UnixUsers>(*access_, builder_, absl::ZeroDuration());
  }
  void Write(const std::string& identity) const {
    std::ofstream(policy_ + ".part") << "rules { identities: '" << identity
                                     << "' permissions: PERMISSION_READ resources: '*' }";
    ASSERT_EQ(rename((policy_ + ".part").c_str(), policy_.c_str()), 0);
  }
  // The server's end of a new connection; the client's end is the one after it.
  int Socket() {
    int ends[2] = {};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    sockets_.insert(sockets_.end(), ends, ends + 2);
    return ends[0];
  }
  void Close(int socket) {
    close(socket);
    sockets_.erase(std::find(sockets_.begin(), sockets_.end(), socket));
  }

  TempDir folder_;
  const std::string policy_ = folder_.path() + "/policy";
  grpc::ServerBuilder builder_;
  std::unique_ptr<AccessControl> access_;
  std::unique_ptr<UnixUsers> users_;
  std::vector<int> sockets_;
};

TEST_F(UnixUsersTest, WithoutPolicyOnlyRootAndTheOwnUserCome) {
  Open("");
  EXPECT_NE(users_->For(geteuid(), Socket()), nullptr);
  EXPECT_NE(users_->For(0, Socket()), nullptr);
  EXPECT_EQ(users_->For(kFirst, Socket()), nullptr);
  EXPECT_NE(users_->For(Socket()), nullptr) << "the other end is this process";
}

TEST_F(UnixUsersTest, EachUserHasItsOwnAcceptor) {
  Open("unix:*");
  const auto* const first = users_->For(kFirst, Socket());
  EXPECT_EQ(users_->For(kFirst, Socket()), first);
  EXPECT_NE(users_->For(kFirst + 1, Socket()), first);
}

TEST_F(UnixUsersTest, ManyUsersDoNotKeepOthersOutForGood) {
  Open("unix:*");
  const int first = Socket();
  const int again = Socket();
  ASSERT_NE(users_->For(kFirst, first), nullptr);
  ASSERT_NE(users_->For(kFirst, again), nullptr);
  constexpr uid_t kNext = kFirst + UnixUsers::kMost;
  for (uid_t user = kFirst + 1; user < kNext; ++user) ASSERT_NE(users_->For(user, Socket()), nullptr);
  EXPECT_EQ(users_->For(kNext, Socket()), nullptr);
  EXPECT_NE(users_->For(0, Socket()), nullptr);
  EXPECT_NE(users_->For(geteuid(), Socket()), nullptr);
  Close(first);
  EXPECT_EQ(users_->For(kNext, Socket()), nullptr);
  Close(again);
  EXPECT_NE(users_->For(kNext, Socket()), nullptr);
}

TEST_F(UnixUsersTest, UsersWithoutARuleShareOneAcceptor) {
  Open("unix:nobody-else");
  const auto* const shared = users_->For(kFirst, Socket());
  ASSERT_NE(shared, nullptr);
  for (uid_t user = kFirst; user < kFirst + 100; ++user) EXPECT_EQ(users_->For(user, Socket()), shared);
}

TEST_F(UnixUsersTest, AUserThatGetsARuleConnectsAgain) {
  Open("unix:nobody-else");
  const auto* const shared = users_->For(kFirst, Socket());
  const int named = sockets_[1];
  users_->For(kFirst + 1, Socket());
  const int other = sockets_[3];
  Write(absl::StrCat("unix:", kFirst));
  char byte = 0;
  EXPECT_EQ(recv(named, &byte, 1, 0), 0) << "hung up";
  EXPECT_EQ(recv(other, &byte, 1, MSG_DONTWAIT), -1);
  EXPECT_NE(users_->For(kFirst, Socket()), shared);
}

}  // namespace
}  // namespace armstate
