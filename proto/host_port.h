// Addresses as users write them: "host", "host:port", "[::1]:port".
#ifndef ARMSTATE_PROTO_HOST_PORT_H_
#define ARMSTATE_PROTO_HOST_PORT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace armstate {

// What armstated listens on unless told otherwise. gRPC would take 443 where none is named.
inline constexpr int kDefaultPort = 7443;

struct HostPort {
  std::string host;  // without brackets
  int port = kDefaultPort;

  // As gRPC reads it: always with a port.
  std::string ToString() const;
  // Whether only this machine can reach it, as far as its name tells.
  bool IsLoopback() const;
};

// A port is a number from 0 to 65535. An IPv6 address with a port stands in brackets. INVALID_ARGUMENT, without a
// reason of the wire, for all else: gRPC would take 99999 for 34463.
absl::StatusOr<HostPort> ParseHostPort(absl::string_view address);

}  // namespace armstate

#endif  // ARMSTATE_PROTO_HOST_PORT_H_
