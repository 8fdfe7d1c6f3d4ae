// UnixUsers tells gRPC's calls apart by the user at the other end of a Unix socket.
#ifndef ARMSTATE_SERVER_SECURITY_UNIX_USERS_H_
#define ARMSTATE_SERVER_SECURITY_UNIX_USERS_H_

#include <sys/types.h>

#include <memory>
#include <vector>

#include "grpcpp/server_builder.h"

namespace armstate {

// gRPC does not say which user is at the other end of a connection, and a call does not say which connection it belongs
// to. So each user has an acceptor of its own, whose credentials add the user to the properties of its connections; see
// IdentityOf.
class UnixUsers {
 public:
  using Acceptor = grpc::experimental::ExternalConnectionAcceptor;

  // The number of users that can connect until the server is restarted.
  static constexpr int kMost = 32;

  // Adds the acceptors. The object must outlive the server.
  explicit UnixUsers(grpc::ServerBuilder& builder);
  ~UnixUsers();

  // Returns the acceptor for a connected socket; null if there have been too many users, which is logged. For one
  // thread.
  Acceptor* For(int socket);

 private:
  class Processor;
  struct User {
    std::shared_ptr<Processor> processor;
    std::unique_ptr<Acceptor> acceptor;
  };

  std::vector<User> users_;
  std::vector<uid_t> known_;  // as many of the users as have connected
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SECURITY_UNIX_USERS_H_
