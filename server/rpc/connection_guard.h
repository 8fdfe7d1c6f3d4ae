// ConnectionGuard bounds the memory of connections that gRPC does not report: incomplete messages, and calls that wait
// for their message.
#ifndef ARMSTATE_SERVER_RPC_CONNECTION_GUARD_H_
#define ARMSTATE_SERVER_RPC_CONNECTION_GUARD_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/rpc/open_calls.h"

namespace armstate {

// gRPC buffers a message until it is complete and does not report how much it buffers; if the buffers exceed its quota,
// it ends calls of arbitrary connections. So this class compares the bytes that the kernel has received on each
// connection with the messages that came out of it. If the difference over all connections is too large, it disconnects
// the connection with the largest difference, which frees its buffers.
//
// The difference is not exact, since it contains headers and pings; allowances compensate for them. Connections that
// are not TCP, whose bytes the kernel does not count, are left to gRPC's quota.
//
// Calls without a message, health watches and everything else that gRPC answers by itself use memory outside any quota,
// some 14 KiB each. gRPC enforces its limit of calls only after a client has acknowledged the settings. So a connection
// with too many calls is disconnected, and so are those with the most such calls while there are too many in all. A
// connection that opens calls and resets them at once (CVE-2023-44487) is disconnected too: all of them use memory and
// threads until they have ended. While the process uses too much memory, the number of connections is limited: those
// without a complete message for the longest time are disconnected, so that idle connections cannot lock out others.
class ConnectionGuard {
 public:
  struct Limits {
    // The limit of incomplete messages over all connections.
    size_t unfinished_bytes;
    // The number of connections that are kept while the process has more than `resident_bytes` of resident memory.
    size_t connections;
    size_t resident_bytes;
    // The limits of calls without a handler, of one connection and of all.
    int64_t calls_of_one = 250;
    int64_t calls = 4096;
  };
  // Returns how many calls of a connection have a handler.
  using HandledCalls = std::function<int64_t(const std::string& connection)>;

  explicit ConnectionGuard(
      const Limits& limits, HandledCalls handled_calls = [](const std::string&) { return 0; })
      : limits_(limits), handled_calls_(std::move(handled_calls)) {}

  // Reports that the message of a call, of this many bytes, is complete. `connection`: see ConnectionOf. Thread-safe,
  // like CompleteInStream; all other methods are for one thread.
  void Complete(const std::string& connection, size_t bytes);
  // Reports one of the many messages of a stream, each of which is answered. Messages that request nothing must not be
  // reported: they cost so little that their allowances would hide other data.
  void CompleteInStream(const std::string& connection, size_t bytes);

  // Starts to watch an accepted connection. The caller keeps the socket and may close it at any time.
  void Watch(int socket);
  // Must be called at this interval, which changes, while IsWatching().
  absl::Duration interval() const { return static_cast<int64_t>(ticks_) * kTick; }
  void HangUp();
  // Frees a descriptor for a new connection: disconnects the oldest connection that never had a complete message, since
  // its handshake may have stalled, or the one without a message for the longest time, if that is at least `unused`.
  // Returns false if there is none.
  bool MakePlace(absl::Duration unused);
  bool IsWatching() const { return !watched_.empty(); }

 private:
  struct Connection {
    int socket;
    absl::Time used;  // the time of its last complete message, or of its start
    uint64_t received = 0;
    uint64_t taken = 0;
    uint64_t unfinished = 0;
    bool had_message = false;
    int64_t waiting_calls = 0;  // at the last count
    uint64_t uncounted = 0;     // the bytes received since then
    absl::Time counted = used;  // when that was
    int64_t reset_calls = 0;    // until then
    int64_t resets = 0;         // those of them that were too fast
  };
  using Connections = absl::flat_hash_map<std::string, Connection>;

  void Add(const std::string& connection, uint64_t bytes);
  // Returns false if the descriptor belongs to another socket by now.
  bool Update(const std::string& name, uint64_t completed, Connection& connection) const;
  void HangUpOnLargest(uint64_t all);
  void HangUpOnManyCalls();
  // Counts the calls of a connection without a handler, or those that it has reset too fast.
  int64_t CountCalls(const std::string& name, absl::Time now, Connection& connection);
  // Precondition: there is a connection.
  Connections::iterator LeastUsed();
  void End(Connections::iterator connection);
  void Remove(Connections::iterator connection);

  static constexpr absl::Duration kTick = absl::Milliseconds(5);
  // Each look costs a microsecond per connection. While connections open many calls, it looks more often: freeing the
  // calls of many connections at once would keep gRPC's threads from others.
  static constexpr int kUsualTicks = 10;

  const Limits limits_;
  const HandledCalls handled_calls_;
  uint64_t ticks_ = kUsualTicks;
  absl::Time often_until_;
  Connections watched_;
  OpenCalls open_calls_;
  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, uint64_t> completed_ ABSL_GUARDED_BY(mutex_);  // since the last HangUp
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RPC_CONNECTION_GUARD_H_
