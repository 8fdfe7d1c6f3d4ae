// Listener accepts the connections of a gRPC server.
#ifndef ARMSTATE_SERVER_PROCESS_LISTENER_H_
#define ARMSTATE_SERVER_PROCESS_LISTENER_H_

#include <netdb.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "grpcpp/server_builder.h"
#include "proto/host_port.h"
#include "server/rpc/connection_guard.h"

namespace armstate {

// gRPC's own listener stops for good when the process has no descriptor left for a connection. This one closes
// connections that would use the last descriptors, which the database needs, and continues to accept.
class Listener {
 public:
  using Acceptor = grpc::experimental::ExternalConnectionAcceptor;

  // Listens nowhere yet.
  Listener();
  // Stops accepting.
  ~Listener();

  // Listens on all addresses of a host name; port 0 picks a free port. Returns the port. UNAVAILABLE if the name has no
  // address or it is impossible to listen on one.
  absl::StatusOr<int> AddTcp(const HostPort& address);
  // Listens on "unix:path" or "unix-abstract:name". Replaces a socket that was left at the path. UNAVAILABLE as above.
  // Other users can connect to a path only if `all_users`.
  absl::Status AddUnix(const std::string& address, bool all_users);

  // Returns the acceptor that takes a connected socket; null to refuse it.
  using Acceptors = std::function<Acceptor*(int socket)>;

  // Must be called once, after the server has started: earlier connections wait until then. `guard`, which must outlive
  // the object, watches all connections.
  void Start(Acceptors acceptors, ConnectionGuard& guard);
  // Stops accepting. Must be called before the server shuts down.
  void Stop();

 private:
  // `port`: 0, or the one that an address before it got.
  absl::Status Add(const addrinfo& address, int& port);
  void Run();
  bool Accept(int socket);

  std::vector<int> sockets_;
  const int stop_;                  // an eventfd
  std::vector<std::string> paths_;  // the files of Unix sockets
  int max_descriptor_ = 0;          // from here on, connections need a place
  int most_descriptor_ = 0;         // and from here on they are refused
  Acceptors acceptors_;
  ConnectionGuard* guard_ = nullptr;
  std::thread thread_;
};

// Raises the limit of open files to the maximum that is allowed; many systems start with 1024. Returns the new limit.
size_t RaiseDescriptorLimit();

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROCESS_LISTENER_H_
