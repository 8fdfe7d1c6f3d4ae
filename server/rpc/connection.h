// ConnectionOf identifies the connection of a call.
#ifndef ARMSTATE_SERVER_RPC_CONNECTION_H_
#define ARMSTATE_SERVER_RPC_CONNECTION_H_

#include <sys/socket.h>

#include <string>

#include "grpcpp/server_context.h"

namespace armstate {

// Returns a name that all calls of a connection share and no other open connection has. For TCP it is what gRPC calls
// the peer, as in "ipv4:192.0.2.1:50000". Clients of a Unix socket have no address, so their names end with a number of
// the connection.
std::string ConnectionOf(const grpc::CallbackServerContext& context);

// Returns the name for a connected TCP socket; "" for any other socket.
std::string ConnectionOf(int socket);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RPC_CONNECTION_H_
