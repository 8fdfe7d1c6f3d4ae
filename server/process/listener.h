// Listener accepts the connections of a gRPC server.
#ifndef ARMSTATE_SERVER_PROCESS_LISTENER_H_
#define ARMSTATE_SERVER_PROCESS_LISTENER_H_

#include <netdb.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "grpcpp/server_builder.h"
#include "proto/host_port.h"
#include "server/rpc/connection_guard.h"

namespace armstate {

// gRPC's own listener stops for good when the process has no descriptor left for a connection. This one hangs up on
// connections that would take the last ones, which the database needs, and goes on.
class Listener {
 public:
  using Acceptor = grpc::experimental::ExternalConnectionAcceptor;

  // All addresses of a host's name; port 0 takes a free one. UNAVAILABLE if there is none, or it cannot be listened on.
  static absl::StatusOr<std::unique_ptr<Listener>> Bind(const HostPort& address);
  // "unix:path" or "unix-abstract:name". Takes the place of a socket that is left at the path. UNAVAILABLE as above.
  static absl::StatusOr<std::unique_ptr<Listener>> BindUnix(const std::string& address);
  // Stops.
  ~Listener();

  // Of a socket of a path 1.
  int port() const { return port_; }

  // Once, when the server has started: connections that came meanwhile wait. `guard`, which must outlive this,
  // watches them all.
  void Start(std::unique_ptr<Acceptor> acceptor, ConnectionGuard& guard);
  // Takes no more connections. Before the server shuts down.
  void Stop();

 private:
  Listener();
  absl::Status Add(const addrinfo& address);
  void Run();
  bool Accept(int socket);
  void RemoveFile() const;

  std::vector<int> sockets_;
  const int stop_;  // an eventfd
  int port_ = 0;
  std::string path_;  // of the socket's file, if it has one
  int max_descriptor_ = 0;
  std::unique_ptr<Acceptor> acceptor_;
  ConnectionGuard* guard_ = nullptr;
  std::thread thread_;
};

// Lets the process have as many open files as it may; many systems begin with 1024. Answers how many.
size_t RaiseDescriptorLimit();

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROCESS_LISTENER_H_
