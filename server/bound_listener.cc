#include "server/bound_listener.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "proto/host_port.h"
#include "spdlog/spdlog.h"

namespace armstate {
namespace {

bool IsOpen(const HostPort& address, const ServerOptions& options) {
  return options.tls.empty() && !address.IsLoopback();
}

absl::StatusOr<HostPort> TcpAddress(const ServerOptions& options) {
  absl::StatusOr<HostPort> address = ParseHostPort(options.listen_address);
  if (!address.ok()) return Annotate(address.status(), "cannot listen");
  if (!IsOpen(*address, options) || options.insecure) return address;
  return absl::InvalidArgumentError(absl::StrCat(
      "cannot listen on ", address->ToString(),
      " without encryption: name --tls_certificate and --tls_key, listen on 127.0.0.1 or a Unix socket, or accept by "
      "--insecure that whoever can connect can read and change everything"));
}

void Warn(const HostPort& address, const ServerOptions& options) {
  if (options.insecure && !options.tls.empty()) {
    spdlog::warn("--insecure has no effect: clients need TLS, since there is --tls_certificate");
  }
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

bool IsUnixAddress(absl::string_view address) {
  return absl::StartsWith(address, "unix:") || absl::StartsWith(address, "unix-abstract:");
}

absl::Status CheckListenAddress(const ServerOptions& options) {
  return IsUnixAddress(options.listen_address) ? absl::OkStatus() : TcpAddress(options).status();
}

absl::StatusOr<BoundListener> Bind(const ServerOptions& options) {
  if (IsUnixAddress(options.listen_address)) {
    if (!options.tls.empty()) {
      spdlog::warn("--tls_certificate and --tls_key are for TCP: a Unix socket does not use TLS");
    }
    // With a policy it says which users may do what; without one only the server's own user and root may connect.
    absl::StatusOr<std::unique_ptr<Listener>> listener =
        Listener::BindUnix(options.listen_address, /*all_users=*/!options.policy_file.empty());
    if (!listener.ok()) return listener.status();
    return BoundListener{*std::move(listener), options.listen_address};
  }
  absl::StatusOr<HostPort> address = TcpAddress(options);
  if (!address.ok()) return address.status();
  absl::StatusOr<std::unique_ptr<Listener>> listener = Listener::Bind(*address);
  if (!listener.ok()) return listener.status();
  address->port = (*listener)->port();
  Warn(*address, options);
  return BoundListener{*std::move(listener), address->ToString()};
}

}  // namespace armstate
