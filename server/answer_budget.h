// AnswerBudget bounds the memory of answers that clients have not taken.
#ifndef ARMSTATE_SERVER_ANSWER_BUDGET_H_
#define ARMSTATE_SERVER_ANSWER_BUDGET_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

namespace armstate {

// A client that asks for large checkpoints and reads none of the answers would otherwise fill the memory: gRPC keeps
// what it cannot send. Thread-safe.
class AnswerBudget {
 public:
  // Gives its bytes back when it goes. It must not outlive the budget.
  using Share = std::shared_ptr<void>;

  // Of all clients; one connection gets half of it.
  explicit AnswerBudget(size_t bytes) : bytes_(bytes) {}

  // `connection` is what gRPC calls peer. RESOURCE_EXHAUSTED if there is not so much.
  absl::StatusOr<Share> Take(const std::string& connection, size_t bytes);

 private:
  void Return(const std::string& connection, size_t bytes);

  const size_t bytes_;
  absl::Mutex mutex_;
  size_t taken_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<std::string, size_t> by_connection_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_ANSWER_BUDGET_H_
