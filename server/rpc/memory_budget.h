// MemoryBudget bounds the memory that clients occupy in the server: their requests, and answers that they have not
// read.
#ifndef ARMSTATE_SERVER_RPC_MEMORY_BUDGET_H_
#define ARMSTATE_SERVER_RPC_MEMORY_BUDGET_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/node_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace armstate {

// A client that requests large checkpoints but reads none of the answers would otherwise fill the memory, since gRPC
// buffers what it cannot send. While n connections hold memory, none of them gets more than 1 / (n + 1) of it, which
// leaves a part for the next connection; but a connection that holds at most kSmall, for example with idle streams, may
// have one more call of any size. All connections together cannot exceed the budget, and its last eighth is only for
// calls that end by themselves, of connections that hold little.
//
// Answers that are never read would occupy memory for ever. While more than half of the budget is in use, overdue
// answers are ended; in the last eighth, the answers that are due next are ended too. Thread-safe.
class MemoryBudget {
 public:
  class Share;

  static constexpr size_t kSmall = size_t{1} << 20;
  // The memory that gRPC uses for a call, even an idle one. Measured.
  static constexpr size_t kCall = size_t{16} << 10;

  // The time in which a client must read an answer: a constant part for the round trip and for a client that is briefly
  // busy, and a part for the transfer at this rate. An answer occupies twice its length.
  static constexpr absl::Duration kPatience = absl::Milliseconds(250);
  static constexpr size_t kSlowestBytesPerSecond = size_t{4} << 20;

  // `bytes` is the budget of all clients. `clock` is replaced in tests.
  explicit MemoryBudget(size_t bytes, std::function<absl::Time()> clock = absl::Now)
      : bytes_(bytes), clock_(std::move(clock)) {}

  // Reserves `bytes`, plus kCall, for one call. `connection` is what gRPC calls the peer. RESOURCE_EXHAUSTED, reason
  // SERVER_BUSY, if the budget is exhausted. While no connection holds more than kSmall, a call may exceed the budget:
  // everything that can be stored can be read.
  absl::StatusOr<std::shared_ptr<Share>> Take(const std::string& connection, size_t bytes);
  // Same for a call that may stay idle for as long as its client likes.
  absl::StatusOr<std::shared_ptr<Share>> TakeLasting(const std::string& connection, size_t bytes);

  // Returns the number of shares of a connection.
  int64_t CallsOf(const std::string& connection);

 private:
  // Bounds the time that a call spends on ending other calls.
  static constexpr size_t kMostEnded = 64;

  // Ends overdue answers. They are ended without the mutex, since a share may be destroyed right away.
  void EndOverdue() ABSL_LOCKS_EXCLUDED(mutex_);
  // `own` is what the connection holds already, and `connections` is how many had calls before this one.
  absl::Status CheckPart(size_t own, size_t bytes, size_t connections) const;
  size_t AllFor(size_t own, size_t bytes) const { return own + bytes <= kSmall ? bytes_ : most(); }
  absl::Status CheckAll(size_t bytes, size_t all) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<std::shared_ptr<Share>> TakeShare(const std::string& connection, size_t bytes, bool is_lasting)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Everything except the last eighth.
  size_t most() const { return bytes_ - bytes_ / 8; }

  const size_t bytes_;
  const std::function<absl::Time()> clock_;
  absl::Mutex mutex_;
  size_t taken_ ABSL_GUARDED_BY(mutex_) = 0;
  struct Held {
    size_t bytes = 0;
    int64_t calls = 0;
  };
  // Those that have calls. Shares point to their connection.
  using Connections = absl::node_hash_map<std::string, Held>;
  Connections by_connection_ ABSL_GUARDED_BY(mutex_);
  // By the time when they must be read.
  std::set<std::pair<absl::Time, Share*>> untaken_ ABSL_GUARDED_BY(mutex_);
  // The part of taken_ that belongs to calls that have been ended but are not destroyed yet.
  size_t ending_ ABSL_GUARDED_BY(mutex_) = 0;
};

// The memory that one call holds, which it returns when it is destroyed. Must not outlive the budget. Thread-safe.
class MemoryBudget::Share {
 public:
  ~Share();

  // Checks that the connection is below its part and all connections are below the budget: before an answer is computed
  // or a request is read. Errors: those of Take.
  absl::Status Check() const;
  // Adds a request that has already been read, which may exceed the part. Errors: those of Take.
  absl::Status Add(size_t bytes);
  // Adds an answer, which cannot use the last eighth: its client may never read it. An answer of at most kSmallAnswer
  // is always accepted, since the work is done.
  static constexpr size_t kSmallAnswer = size_t{64} << 10;
  absl::Status AddAnswer(size_t bytes);
  // The answer is being sent. `end` ends the call; any thread may call it, at most once, and possibly after the share
  // was destroyed.
  void BeginTaking(std::function<void()> end);
  // The answer was read while the call continues, and `bytes` are returned.
  void EndTaking(size_t bytes);
  // Returns a part of what was taken or added.
  void Return(size_t bytes);

 private:
  friend class MemoryBudget;
  Share(MemoryBudget& budget, Connections::value_type& connection, size_t bytes)
      : budget_(budget), connection_(connection), bytes_(bytes) {}

  void ReturnBytes(size_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(budget_.mutex_);
  void AddBytes(size_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(budget_.mutex_);
  // Marks the answer as read. The result must be called or destroyed without the mutex.
  std::function<void()> Forget() ABSL_EXCLUSIVE_LOCKS_REQUIRED(budget_.mutex_);

  MemoryBudget& budget_;
  Connections::value_type& connection_;
  size_t bytes_ ABSL_GUARDED_BY(budget_.mutex_);
  bool is_ending_ ABSL_GUARDED_BY(budget_.mutex_) = false;
  // Set while the answer is being sent; otherwise null.
  std::function<void()> end_ ABSL_GUARDED_BY(budget_.mutex_);
  absl::Time due_ ABSL_GUARDED_BY(budget_.mutex_);
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RPC_MEMORY_BUDGET_H_
