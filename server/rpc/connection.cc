#include "server/rpc/connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "grpcpp/security/auth_context.h"

namespace armstate {

std::string ConnectionOf(const grpc::CallbackServerContext& context) {
  std::string peer = context.peer();
  if (!absl::StartsWith(peer, "unix")) return peer;
  // Each connection has its own security properties, which its calls share.
  const std::shared_ptr<const grpc::AuthContext> properties = context.auth_context();
  grpc::AuthPropertyIterator first = properties->begin();
  if (first != properties->end()) absl::StrAppend(&peer, reinterpret_cast<uintptr_t>((*first).second.data()));
  return peer;
}

std::string ConnectionOf(int socket) {
  sockaddr_storage peer = {};
  socklen_t size = sizeof(peer);
  if (getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &size) != 0) return "";
  char text[INET6_ADDRSTRLEN];
  if (peer.ss_family == AF_INET) {
    const auto& address = reinterpret_cast<const sockaddr_in&>(peer);
    inet_ntop(AF_INET, &address.sin_addr, text, sizeof(text));
    return absl::StrCat("ipv4:", text, ":", ntohs(address.sin_port));
  }
  if (peer.ss_family != AF_INET6) return "";
  const auto& address = reinterpret_cast<const sockaddr_in6&>(peer);
  const uint16_t port = ntohs(address.sin6_port);
  if (IN6_IS_ADDR_V4MAPPED(&address.sin6_addr)) {
    inet_ntop(AF_INET, address.sin6_addr.s6_addr + 12, text, sizeof(text));
    return absl::StrCat("ipv4:", text, ":", port);
  }
  inet_ntop(AF_INET6, &address.sin6_addr, text, sizeof(text));
  const std::string scope = address.sin6_scope_id == 0 ? "" : absl::StrCat("%25", address.sin6_scope_id);
  return absl::StrCat("ipv6:%5B", text, scope, "%5D:", port);
}

}  // namespace armstate
