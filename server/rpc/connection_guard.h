// ConnectionGuard bounds what connections take of which nobody else knows: messages without an end, and calls without a
// message.
#ifndef ARMSTATE_SERVER_RPC_CONNECTION_GUARD_H_
#define ARMSTATE_SERVER_RPC_CONNECTION_GUARD_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace armstate {

// gRPC keeps a message until it is complete, tells nobody how much it keeps, and if that is too much for its quota, it
// ends calls of any connection. So this compares what the kernel has received on each connection with the messages
// that have come out of it. When the rest is too much in all, it hangs up on the connection with the largest, which
// frees what gRPC keeps of it.
//
// The rest is not exact: headers and pings are in it, which allowances make up for. Connections that are not TCP, of
// which the kernel does not count the bytes, are left to gRPC's quota.
//
// Calls of which only the headers came, health watches and what else gRPC answers by itself take memory that is in no
// quota at all, some 14 KiB each. While the process takes too much, there are only so many connections: those go that
// have been without a complete message for the longest time, so that who holds connections locks nobody out.
class ConnectionGuard {
 public:
  struct Limits {
    // Of messages without an end, of all connections.
    size_t unfinished_bytes;
    // So many connections are left while the process has more than so much resident memory.
    size_t connections;
    size_t resident_bytes;
  };

  explicit ConnectionGuard(const Limits& limits) : limits_(limits) {}

  // The message of a call is complete, of so many bytes. `connection`: see ConnectionOf. Thread-safe, as the next; the
  // others are for one thread.
  void Complete(const std::string& connection, size_t bytes);
  // One of a stream's many, each of which is answered: those that ask for nothing must not be told of, as they cost so
  // little that their allowances would hide any others.
  void CompleteInStream(const std::string& connection, size_t bytes);

  // A connection that has just been accepted. The socket stays the caller's, who may close it at any time.
  void Watch(int socket);
  // To be called every kInterval while there is something to be watched.
  static constexpr absl::Duration kInterval = absl::Milliseconds(50);
  void HangUp();
  // There is no descriptor for a connection: the one that has been without a complete message for the longest time
  // goes, if that is so long.
  void MakePlace(absl::Duration unused);
  bool IsWatching() const { return !watched_.empty(); }

 private:
  struct Connection {
    int socket;
    absl::Time used;  // when it had a complete message, or began
    uint64_t received = 0;
    uint64_t taken = 0;
    uint64_t unfinished = 0;
  };
  using Connections = absl::flat_hash_map<std::string, Connection>;

  void Add(const std::string& connection, uint64_t bytes);
  // False if the socket is another's by now.
  static bool Update(const std::string& name, uint64_t completed, Connection& connection);
  void HangUpOnLargest(uint64_t all);
  // Not if there is none.
  Connections::iterator LeastUsed();
  void End(Connections::iterator connection);

  const Limits limits_;
  Connections watched_;
  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, uint64_t> completed_ ABSL_GUARDED_BY(mutex_);  // since the last HangUp
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RPC_CONNECTION_GUARD_H_
