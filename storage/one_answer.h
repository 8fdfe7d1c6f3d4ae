// What one thread waits for, and another one gives.
#ifndef ARMSTATE_STORAGE_ONE_ANSWER_H_
#define ARMSTATE_STORAGE_ONE_ANSWER_H_

#include <condition_variable>
#include <mutex>
#include <utility>

#include "absl/time/time.h"
#include "absl/types/optional.h"

namespace armstate {

// Example, shared because Give may not have returned when Wait does:
//   const auto answer = std::make_shared<OneAnswer<absl::Status>>();
//   Begin([answer](absl::Status status) { answer->Give(std::move(status)); });
//   return answer->Wait();
//
// Thread-safe. Not absl::Notification: ThreadSanitizer does not see Debian's.
template <typename T>
class OneAnswer {
 public:
  // Once.
  void Give(T value) {
    std::lock_guard<std::mutex> lock(mutex_);
    value_ = std::move(value);
    given_.notify_one();
  }
  // By one thread.
  T Wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    given_.wait(lock, [this] { return value_.has_value(); });
    return *std::move(value_);
  }
  // The same, but nothing if it takes longer than `patience`: then it can be waited for again.
  absl::optional<T> WaitFor(absl::Duration patience) {
    if (patience == absl::InfiniteDuration()) return Wait();
    std::unique_lock<std::mutex> lock(mutex_);
    given_.wait_for(lock, absl::ToChronoNanoseconds(patience), [this] { return value_.has_value(); });
    return std::exchange(value_, absl::nullopt);
  }

 private:
  std::mutex mutex_;
  std::condition_variable given_;
  absl::optional<T> value_;
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ONE_ANSWER_H_
