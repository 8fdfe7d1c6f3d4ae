// HostPort is an address as users write it: "host", "host:port", "[::1]:port".
#ifndef ARMSTATE_PROTO_HOST_PORT_H_
#define ARMSTATE_PROTO_HOST_PORT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace armstate {

// The default port of armstated. gRPC would use 443 if none is given.
inline constexpr int kDefaultPort = 7443;

struct HostPort {
  std::string host;  // without brackets
  int port = kDefaultPort;

  // Returns the address in gRPC's form, always with a port.
  std::string ToString() const;
  // Returns true if only this machine can reach the address, as far as its name shows.
  bool IsLoopback() const;
};

// `default_port`: the port of an address without one. A port is a number from 0 to 65535. An IPv6 address with a port
// is in brackets. INVALID_ARGUMENT, without an error reason, for everything else: gRPC would take 99999 for 34463.
absl::StatusOr<HostPort> ParseHostPort(absl::string_view address, int default_port = kDefaultPort);

}  // namespace armstate

#endif  // ARMSTATE_PROTO_HOST_PORT_H_
