// MemoryBudget bounds what clients make the server keep: what they sent and what they have not taken.
#ifndef ARMSTATE_SERVER_RPC_MEMORY_BUDGET_H_
#define ARMSTATE_SERVER_RPC_MEMORY_BUDGET_H_

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

namespace armstate {

// A client that asks for large checkpoints and reads none of the answers would otherwise fill the memory: gRPC keeps
// what it cannot send. While n connections hold something, none gets more than a part of n + 1, so that there is one
// for the next; but who holds kSmall at most, be it of idle streams, may have one call of any size besides. All
// together get no more than there is, and the last eighth of it only calls that end by themselves, of who holds little.
// Thread-safe.
class MemoryBudget {
 public:
  class Share;

  static constexpr size_t kSmall = size_t{1} << 20;
  // What gRPC takes for a call, be it idle. Measured.
  static constexpr size_t kCall = size_t{16} << 10;

  // Of all clients.
  explicit MemoryBudget(size_t bytes) : bytes_(bytes) {}

  // For one call, which takes kCall besides. `connection` is what gRPC calls peer. RESOURCE_EXHAUSTED, reason
  // SERVER_BUSY, if there is not so much. If all have
  // no more than kSmall, it may be more than there is: what can be stored can be read.
  absl::StatusOr<std::shared_ptr<Share>> Take(const std::string& connection, size_t bytes);
  // The same for a call that may last as long as its client likes, idle.
  absl::StatusOr<std::shared_ptr<Share>> TakeLasting(const std::string& connection, size_t bytes);

 private:
  size_t HeldBy(const std::string& connection) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status CheckPart(const std::string& connection, size_t bytes) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  size_t AllFor(const std::string& connection, size_t bytes) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status CheckAll(size_t bytes, size_t all) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<std::shared_ptr<Share>> TakeOf(const std::string& connection, size_t bytes, size_t all)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Add(const std::string& connection, size_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Return(const std::string& connection, size_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // All but the last eighth.
  size_t most() const { return bytes_ - bytes_ / 8; }

  const size_t bytes_;
  absl::Mutex mutex_;
  size_t taken_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<std::string, size_t> by_connection_ ABSL_GUARDED_BY(mutex_);  // none has 0
};

// What one call holds. Gives it back when it goes; must not outlive the budget. Thread-safe.
class MemoryBudget::Share {
 public:
  ~Share();

  // Errors: of Take. Whether the connection holds less than its part, and all less than there is: before an answer is
  // made, or a request read.
  absl::Status Check() const;
  // Errors: of Take. Of a request that is there already: it may be more than the part.
  absl::Status Add(size_t bytes);
  // The same of an answer, for which there is always place if it is not larger than kSmall: the work is done.
  absl::Status AddAnswer(size_t bytes);
  // Of what was taken or added.
  void Return(size_t bytes);

 private:
  friend class MemoryBudget;
  Share(MemoryBudget& budget, std::string connection, size_t bytes)
      : budget_(budget), connection_(std::move(connection)), bytes_(bytes) {}

  MemoryBudget& budget_;
  const std::string connection_;
  size_t bytes_ ABSL_GUARDED_BY(budget_.mutex_);
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RPC_MEMORY_BUDGET_H_
