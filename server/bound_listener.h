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

// `address` is as ServerOptions::listen_address, with the port that was picked.
struct BoundListener {
  std::unique_ptr<Listener> listener;
  std::string address;
};

bool IsUnixAddress(absl::string_view address);

// INVALID_ARGUMENT if the address is malformed, or if other machines could reach it without TLS.
absl::Status CheckListenAddress(const ServerOptions& options);

// Logs a warning for each way in which anybody could do anything. Errors: CheckListenAddress; UNAVAILABLE if the
// address cannot be bound.
absl::StatusOr<BoundListener> Bind(const ServerOptions& options);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_BOUND_LISTENER_H_
