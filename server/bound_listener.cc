#include "server/bound_listener.h"

#include <sys/socket.h>

#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/error.h"
#include "proto/host_port.h"
#include "spdlog/spdlog.h"

namespace armstate {
namespace {

bool IsOpen(const HostPort& address, const ServerOptions& options) {
  return options.tls.empty() && !address.IsLoopback();
}

bool IsUnixAddress(absl::string_view address) {
  return absl::StartsWith(address, "unix:") || absl::StartsWith(address, "unix-abstract:");
}

absl::StatusOr<HostPort> TcpAddress(absl::string_view text, const ServerOptions& options) {
  absl::StatusOr<HostPort> address = ParseHostPort(text);
  if (!address.ok()) return Annotate(address.status(), "cannot listen");
  if (!IsOpen(*address, options) || options.insecure) return address;
  return absl::InvalidArgumentError(absl::StrCat(
      "cannot listen on ", address->ToString(),
      " without encryption: name --tls_certificate and --tls_key, listen on 127.0.0.1 or a Unix socket, or accept by "
      "--insecure that whoever can connect can read and change everything"));
}

void Warn(const HostPort& address, const ServerOptions& options) {
  if (!options.tls.empty() && options.tls.ca.empty() && options.policy_file.empty()) {
    spdlog::warn(
        "{}: clients need no certificate and there is no policy: whoever can connect can read and delete all "
        "checkpoints; --tls_client_ca and --policy limit that",
        address.ToString());
  }
  if (IsOpen(address, options)) {
    spdlog::warn(
        "--insecure: {} accepts connections from other machines, and there is neither encryption nor authentication: "
        "whoever can connect can read and delete all checkpoints",
        address.ToString());
  }
}

}  // namespace

bool IsUnix(int socket) {
  int family = 0;
  socklen_t size = sizeof(family);
  return getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &family, &size) == 0 && family == AF_UNIX;
}

absl::Status CheckListenAddress(const ServerOptions& options) {
  for (const absl::string_view text : absl::StrSplit(options.listen_address, ',')) {
    if (IsUnixAddress(text)) continue;
    if (absl::Status status = TcpAddress(text, options).status(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<BoundListener> Bind(const ServerOptions& options) {
  BoundListener bound;
  std::vector<std::string> addresses;
  for (const absl::string_view text : absl::StrSplit(options.listen_address, ',')) {
    if (IsUnixAddress(text)) {
      // With a policy it says which users may do what; without one only the server's own user and root may connect.
      absl::Status added = bound.listener->AddUnix(std::string(text), /*all_users=*/!options.policy_file.empty());
      if (!added.ok()) return added;
      bound.has_unix = true;
      addresses.emplace_back(text);
      continue;
    }
    absl::StatusOr<HostPort> address = TcpAddress(text, options);
    if (!address.ok()) return address.status();
    const absl::StatusOr<int> port = bound.listener->AddTcp(*address);
    if (!port.ok()) return port.status();
    address->port = *port;
    if (bound.port == 0) bound.port = *port;
    Warn(*address, options);
    addresses.push_back(address->ToString());
  }
  bound.address = absl::StrJoin(addresses, ",");
  if (!options.tls.empty() && bound.port == 0) {
    spdlog::warn("--tls_certificate and --tls_key are for TCP: a Unix socket does not use TLS");
  }
  if (!options.tls.empty() && options.insecure) {
    spdlog::warn("--insecure has no effect: clients need TLS, since there is --tls_certificate");
  }
  return bound;
}

}  // namespace armstate
