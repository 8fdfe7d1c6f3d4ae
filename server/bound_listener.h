// `Bind` opens what ServerOptions::listen_address names, unless that would not be safe.
#ifndef ARMSTATE_SERVER_BOUND_LISTENER_H_
#define ARMSTATE_SERVER_BOUND_LISTENER_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/process/listener.h"
#include "server/server_options.h"

namespace armstate {

struct BoundListener {
  std::unique_ptr<Listener> listener = std::make_unique<Listener>();
  std::string address = {};  // as ServerOptions::listen_address, with the ports that were picked
  int port = 0;              // of the first TCP address; 0: there is none
  bool has_unix = false;
};

// True for a connection of a Unix socket.
bool IsUnix(int socket);

// INVALID_ARGUMENT if an address is malformed, or if other machines could reach it without TLS.
absl::Status CheckListenAddress(const ServerOptions& options);

// Logs a warning for each way in which anybody could do anything. Errors: CheckListenAddress; UNAVAILABLE if an
// address cannot be bound.
absl::StatusOr<BoundListener> Bind(const ServerOptions& options);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_BOUND_LISTENER_H_
