// UnixUsers tells gRPC's calls apart by the user at the other end of a Unix socket.
#ifndef ARMSTATE_SERVER_SECURITY_UNIX_USERS_H_
#define ARMSTATE_SERVER_SECURITY_UNIX_USERS_H_

#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "grpcpp/server_builder.h"
#include "server/security/access_control.h"

namespace armstate {

// gRPC does not say which user is at the other end of a connection, and a call does not say which connection it belongs
// to. So each user has an acceptor of its own, whose credentials add the user to the properties of its connections; see
// IdentityOf. Thread-safe.
class UnixUsers {
 public:
  using Acceptor = grpc::experimental::ExternalConnectionAcceptor;

  // The number of users that can have connections at the same time, besides root and the server's own user, who always
  // can. Users that the policy does not name share one more acceptor and one identity, kUnnamed.
  static constexpr size_t kMost = 32;
  static constexpr char kUnnamed[] = "unix:";
  // How long after its last connection a user's acceptor becomes another one's: by then all calls of the connection
  // have got their identity.
  static constexpr absl::Duration kRest = absl::Seconds(10);

  // Adds the acceptors. The object must outlive the server, and `access` the object.
  UnixUsers(AccessControl& access, grpc::ServerBuilder& builder, absl::Duration rest = kRest);
  ~UnixUsers();

  // Returns the acceptor for a connected socket; null to refuse it, which is logged: without a policy all but root and
  // the server's own user, and otherwise if too many users have connections.
  Acceptor* For(int socket);
  // For a socket of this user.
  Acceptor* For(uid_t user, int socket);

 private:
  class Processor;
  // The socket is still the same one while it has this inode.
  struct Connection {
    uid_t user;
    int socket;
    ino_t inode;
  };
  struct Place {
    std::shared_ptr<Processor> processor;
    std::unique_ptr<Acceptor> acceptor;
    absl::optional<uid_t> user;
    bool is_reserved = false;
    std::vector<Connection> connections;  // with some that have been closed
    size_t most_connections = 0;          // when they are looked at
    absl::Time left = absl::InfiniteFuture();
  };

  Place* PlaceOf(uid_t user) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Returns whether the place can be had by another user.
  bool IsFree(Place& place, absl::Time now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static void Take(Place& place, uid_t user);
  // Disconnects users that the policy did not name before: they will connect again.
  void HangUpOnNamed();

  AccessControl& access_;
  const absl::Duration rest_;
  absl::Mutex mutex_;
  std::vector<Place> places_ ABSL_GUARDED_BY(mutex_);  // the first one is for kUnnamed
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SECURITY_UNIX_USERS_H_
