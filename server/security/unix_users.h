// UnixUsers tells gRPC's calls apart by the user at the other end of a Unix socket.
#ifndef ARMSTATE_SERVER_SECURITY_UNIX_USERS_H_
#define ARMSTATE_SERVER_SECURITY_UNIX_USERS_H_

#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "grpcpp/server_builder.h"
#include "server/security/access_control.h"

namespace armstate {

// gRPC does not say which user is at the other end of a connection, and a call does not say which connection it belongs
// to. So each user has an acceptor of its own, whose credentials add the user to the properties of its connections; see
// IdentityOf.
class UnixUsers {
 public:
  using Acceptor = grpc::experimental::ExternalConnectionAcceptor;

  // The number of users that the policy names and that can connect until the server is restarted. All others share one
  // identity, kUnnamed, so that they cannot use up the places.
  static constexpr size_t kMost = 32;
  static constexpr char kUnnamed[] = "unix:";

  // Adds the acceptors. The object must outlive the server, and `access` the object.
  UnixUsers(const AccessControl& access, grpc::ServerBuilder& builder);
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

  const AccessControl& access_;
  std::vector<User> users_;   // the first one is kUnnamed
  std::vector<uid_t> known_;  // of those after it, as many as have connected
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SECURITY_UNIX_USERS_H_
