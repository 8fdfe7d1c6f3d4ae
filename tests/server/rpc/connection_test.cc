// ConnectionOf, with connections of a real gRPC server.
#include "server/rpc/connection.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/generic/async_generic_service.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"

namespace armstate {
namespace {

// Keeps what ConnectionOf says of each call.
class Names final : public grpc::CallbackGenericService {
 public:
  std::string last() {
    const absl::MutexLock lock(&mutex_);
    return last_;
  }

 private:
  class Reactor final : public grpc::ServerGenericBidiReactor {
   public:
    Reactor() { Finish(grpc::Status::OK); }
    void OnDone() override { delete this; }
  };

  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    const absl::MutexLock lock(&mutex_);
    last_ = ConnectionOf(*context);
    return new Reactor;
  }

  absl::Mutex mutex_;
  std::string last_ ABSL_GUARDED_BY(mutex_);
};

class ConnectionTest : public testing::Test {
 protected:
  ConnectionTest() {
    grpc::ServerBuilder builder;
    acceptor_ = builder.experimental().AddExternalConnectionAcceptor(
        grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, grpc::InsecureServerCredentials());
    builder.RegisterCallbackGenericService(&names_);
    server_ = builder.BuildAndStart();
  }
  ~ConnectionTest() override {
    server_->Shutdown();
    if (listening_ >= 0) close(listening_);
  }

  void Listen(const sockaddr* address, socklen_t size) {
    listening_ = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(bind(listening_, address, size), 0);
    ASSERT_EQ(listen(listening_, 1), 0);
  }
  int Port() const {
    sockaddr_storage address = {};
    socklen_t size = sizeof(address);
    getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(address).sin6_port
                                               : reinterpret_cast<sockaddr_in&>(address).sin_port);
  }
  void ListenOn(const in6_addr& host) {
    sockaddr_in6 address = {};
    address.sin6_family = AF_INET6;
    address.sin6_addr = host;
    Listen(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  }

  // A client with a connection of its own.
  std::shared_ptr<grpc::Channel> Connect(const std::string& target) {
    grpc::ChannelArguments own;
    own.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    auto channel = grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), own);
    channel->GetState(/*try_to_connect=*/true);
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
    connection.listener_fd = listening_;
    connection.fd = accept4(listening_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    of_socket_ = ConnectionOf(connection.fd);
    acceptor_->HandleNewConnection(&connection);
    return channel;
  }
  std::string Call(const std::shared_ptr<grpc::Channel>& channel) {
    grpc::GenericStub stub(channel);
    grpc::ClientContext context;
    const grpc::Slice nothing;
    const grpc::ByteBuffer request(&nothing, 1);
    grpc::ByteBuffer response;
    absl::Notification done;
    stub.UnaryCall(&context, "/any.Service/Any", grpc::StubOptions(), &request, &response,
                   [&done](const grpc::Status&) { done.Notify(); });
    done.WaitForNotification();
    return names_.last();
  }

  std::string of_socket_;  // of the last connection

 private:
  int listening_ = -1;
  Names names_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor_;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(ConnectionTest, OfIpv6IsTheSameByCallAndBySocket) {
  ListenOn(in6addr_loopback);
  EXPECT_EQ(Call(Connect(absl::StrCat("ipv6:%5B::1%5D:", Port()))), of_socket_);
  EXPECT_NE(of_socket_, "");
}

TEST_F(ConnectionTest, OfIpv4OnAnIpv6SocketIsTheSameByCallAndBySocket) {
  ListenOn(in6addr_any);
  EXPECT_EQ(Call(Connect(absl::StrCat("ipv4:127.0.0.1:", Port()))), of_socket_);
  EXPECT_EQ(of_socket_.rfind("ipv4:127.0.0.1:", 0), 0u) << of_socket_;
}

TEST_F(ConnectionTest, OfIpv4IsTheSameByCallAndBySocket) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  Listen(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  EXPECT_EQ(Call(Connect(absl::StrCat("ipv4:127.0.0.1:", Port()))), of_socket_);
}

TEST_F(ConnectionTest, ClientsOfAUnixSocketAreTold) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const std::string name = absl::StrCat("armstate-connection-test-", getpid());
  name.copy(address.sun_path + 1, sizeof(address.sun_path) - 1);  // an abstract one: a path may be too long
  Listen(reinterpret_cast<const sockaddr*>(&address), offsetof(sockaddr_un, sun_path) + 1 + name.size());
  const auto a = Connect("unix-abstract:" + name);
  const auto b = Connect("unix-abstract:" + name);
  const std::string of_a = Call(a);
  EXPECT_NE(Call(b), of_a);
  EXPECT_EQ(Call(a), of_a);
  EXPECT_EQ(of_socket_, "") << "it has no address";
}

}  // namespace
}  // namespace armstate
