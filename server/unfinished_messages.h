// UnfinishedMessages bounds what clients have sent of messages whose last part is not there.
#ifndef ARMSTATE_SERVER_UNFINISHED_MESSAGES_H_
#define ARMSTATE_SERVER_UNFINISHED_MESSAGES_H_

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
// The rest is not exact: headers and pings are in it, which an allowance for each message makes up for, and what is
// left is forgotten by and by. Connections that are not TCP, of which the kernel does not count the bytes, are left to
// gRPC's quota.
class UnfinishedMessages {
 public:
  // At most so many bytes of all connections.
  explicit UnfinishedMessages(size_t most) : most_(most) {}

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
  bool IsWatching() const { return !watched_.empty(); }

 private:
  struct Connection {
    int socket;
    uint64_t received = 0;
    uint64_t unfinished = 0;
  };

  void Add(const std::string& connection, uint64_t bytes);
  // False if the socket is another's by now.
  static bool Update(const std::string& name, uint64_t completed, Connection& connection);

  const uint64_t most_;
  absl::flat_hash_map<std::string, Connection> watched_;
  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, uint64_t> completed_ ABSL_GUARDED_BY(mutex_);  // since the last HangUp
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_UNFINISHED_MESSAGES_H_
