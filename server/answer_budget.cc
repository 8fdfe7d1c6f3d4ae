#include "server/answer_budget.h"

#include "absl/strings/str_cat.h"

namespace armstate {

absl::StatusOr<AnswerBudget::Share> AnswerBudget::Take(const std::string& connection, size_t bytes) {
  {
    absl::MutexLock lock(&mutex_);
    const auto found = by_connection_.find(connection);
    const size_t of_connection = found == by_connection_.end() ? 0 : found->second;
    // A first answer is given whatever its size: what can be stored can be read.
    const bool fits =
        (taken_ == 0 || taken_ + bytes <= bytes_) && (of_connection == 0 || of_connection + bytes <= bytes_ / 2);
    if (!fits) {
      return absl::ResourceExhaustedError(absl::StrCat("answers of ", of_connection >> 20,
                                                       " MiB wait to be taken by this client, and of ", taken_ >> 20,
                                                       " MiB by all: take them, then ask for more"));
    }
    taken_ += bytes;
    by_connection_[connection] += bytes;
  }
  return Share(nullptr, [this, connection, bytes](void*) { Return(connection, bytes); });
}

void AnswerBudget::Return(const std::string& connection, size_t bytes) {
  absl::MutexLock lock(&mutex_);
  taken_ -= bytes;
  const auto found = by_connection_.find(connection);
  found->second -= bytes;
  if (found->second == 0) by_connection_.erase(found);
}

}  // namespace armstate
