// Which connection a call came on.
#ifndef ARMSTATE_SERVER_RPC_CONNECTION_H_
#define ARMSTATE_SERVER_RPC_CONNECTION_H_

#include <sys/socket.h>

#include <string>

#include "grpcpp/server_context.h"

namespace armstate {

// The same for all calls of a connection, and no other open connection has it: with TCP what gRPC calls peer, as
// "ipv4:192.0.2.1:50000". Clients of a Unix socket have no address, so theirs ends with a number of the connection.
std::string ConnectionOf(const grpc::CallbackServerContext& context);

// The same of a socket that is connected by TCP; "" of any other.
std::string ConnectionOf(int socket);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RPC_CONNECTION_H_
