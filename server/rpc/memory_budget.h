// MemoryBudget bounds what clients make the server keep: what they sent and what they have not taken.
#ifndef ARMSTATE_SERVER_RPC_MEMORY_BUDGET_H_
#define ARMSTATE_SERVER_RPC_MEMORY_BUDGET_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace armstate {

// A client that asks for large checkpoints and reads none of the answers would otherwise fill the memory: gRPC keeps
// what it cannot send. While n connections hold something, none gets more than a part of n + 1, so that there is one
// for the next; but who holds kSmall at most, be it of idle streams, may have one call of any size besides. All
// together get no more than there is, and the last eighth of it only calls that end by themselves, of who holds little.
//
// Answers that are made and not taken would stay for ever. While more than half is taken, those end that should have
// been taken by now; in the last eighth those that should be taken next. Thread-safe.
class MemoryBudget {
 public:
  class Share;

  static constexpr size_t kSmall = size_t{1} << 20;
  // What gRPC takes for a call, be it idle. Measured.
  static constexpr size_t kCall = size_t{16} << 10;

  // An answer has so long to be taken, for the way to the client and back and a client that is busy for a moment, and
  // as long as it takes at this rate besides. What it holds is twice its length.
  static constexpr absl::Duration kPatience = absl::Milliseconds(250);
  static constexpr size_t kSlowestBytesPerSecond = size_t{4} << 20;

  // Of all clients. `clock` is for tests.
  explicit MemoryBudget(size_t bytes, std::function<absl::Time()> clock = absl::Now)
      : bytes_(bytes), clock_(std::move(clock)) {}

  // For one call, which takes kCall besides. `connection` is what gRPC calls peer. RESOURCE_EXHAUSTED, reason
  // SERVER_BUSY, if there is not so much. If all have
  // no more than kSmall, it may be more than there is: what can be stored can be read.
  absl::StatusOr<std::shared_ptr<Share>> Take(const std::string& connection, size_t bytes);
  // The same for a call that may last as long as its client likes, idle.
  absl::StatusOr<std::shared_ptr<Share>> TakeLasting(const std::string& connection, size_t bytes);

 private:
  // A call of a client that takes nothing must not be long because of the calls that it ends.
  static constexpr size_t kMostEnded = 64;

  // Ends answers that are overdue. Without the mutex they end, as the share may go at once.
  void EndOverdue() ABSL_LOCKS_EXCLUDED(mutex_);
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
  const std::function<absl::Time()> clock_;
  absl::Mutex mutex_;
  size_t taken_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<std::string, size_t> by_connection_ ABSL_GUARDED_BY(mutex_);  // none has 0
  // By when they should be taken.
  std::set<std::pair<absl::Time, Share*>> untaken_ ABSL_GUARDED_BY(mutex_);
  // A part of taken_: of calls that have been ended, and have not gone yet.
  size_t ending_ ABSL_GUARDED_BY(mutex_) = 0;
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
  // The same of an answer, but not of the last eighth: it may be left there. If it is not larger than kSmallAnswer
  // there is always place, as the work is done.
  static constexpr size_t kSmallAnswer = size_t{64} << 10;
  absl::Status AddAnswer(size_t bytes);
  // The answer is on its way. `end` ends the call; it is called at most once, by any thread, and may be called when the
  // share has gone.
  void BeginTaking(std::function<void()> end);
  // It was taken, the call goes on, and so many bytes are returned.
  void EndTaking(size_t bytes);
  // Of what was taken or added.
  void Return(size_t bytes);

 private:
  friend class MemoryBudget;
  Share(MemoryBudget& budget, std::string connection, size_t bytes)
      : budget_(budget), connection_(std::move(connection)), bytes_(bytes) {}

  void ReturnBytes(size_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(budget_.mutex_);
  void AddBytes(size_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(budget_.mutex_);
  // It is not untaken any more. What is answered is to be called or destroyed without the mutex.
  std::function<void()> Forget() ABSL_EXCLUSIVE_LOCKS_REQUIRED(budget_.mutex_);

  MemoryBudget& budget_;
  const std::string connection_;
  size_t bytes_ ABSL_GUARDED_BY(budget_.mutex_);
  bool is_ending_ ABSL_GUARDED_BY(budget_.mutex_) = false;
  // Of one that is untaken; else null.
  std::function<void()> end_ ABSL_GUARDED_BY(budget_.mutex_);
  absl::Time due_ ABSL_GUARDED_BY(budget_.mutex_);
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RPC_MEMORY_BUDGET_H_
