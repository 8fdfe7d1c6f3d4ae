// OpenCalls tells how many calls a connection has, including those that gRPC has not passed to a handler.
#ifndef ARMSTATE_SERVER_RPC_OPEN_CALLS_H_
#define ARMSTATE_SERVER_RPC_OPEN_CALLS_H_

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"

namespace armstate {

// A handler, an interceptor or a filter sees a unary call only when its message has arrived. gRPC's own statistics
// (channelz) count each call from its headers on, and cost nothing more than asking: some 10 us for a connection.
//
// For one thread. Knows the TCP connections of all gRPC servers of the process.
class OpenCalls {
 public:
  // Looks for connections that gRPC has accepted since the last time.
  void FindNew();
  struct Calls {
    int64_t open = 0;   // have begun, and gRPC has not freed their memory
    int64_t reset = 0;  // ended before both sides had sent all, since the connection began
  };
  // Returns the calls of the connection, named as by ConnectionOf; none for a connection that is not found.
  Calls Of(const std::string& connection);
  // Must be called for each connection that has ended.
  void Forget(const std::string& connection) { sockets_.erase(connection); }

 private:
  void FindNew(int64_t server);

  // What channelz calls the sockets: numbers in the order in which they were opened.
  absl::flat_hash_map<std::string, int64_t> sockets_;
  // A socket has its number shortly before it is listed: the last search may have missed some before `newest_`.
  int64_t newest_ = 0;
  int64_t newest_before_ = 0;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RPC_OPEN_CALLS_H_
