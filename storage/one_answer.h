// What one thread waits for, and another one gives.
#ifndef ARMSTATE_STORAGE_ONE_ANSWER_H_
#define ARMSTATE_STORAGE_ONE_ANSWER_H_

#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"

namespace armstate {

// Example, shared because Give may not have returned when Wait does:
//   const auto answer = std::make_shared<OneAnswer<absl::Status>>();
//   Begin([answer](absl::Status status) { answer->Give(std::move(status)); });
//   return answer->Wait();
//
// Thread-safe.
template <typename T>
class OneAnswer {
 public:
  // Once.
  void Give(T value) {
    absl::MutexLock lock(&mutex_);
    value_ = std::move(value);
  }
  // By one thread.
  T Wait() {
    absl::MutexLock lock(&mutex_, absl::Condition(this, &OneAnswer::is_given));
    return *std::move(value_);
  }
  // The same, but nothing if it takes longer than `patience`: then it can be waited for again.
  absl::optional<T> WaitFor(absl::Duration patience) {
    absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout(absl::Condition(this, &OneAnswer::is_given), patience);
    return std::exchange(value_, absl::nullopt);
  }

 private:
  bool is_given() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return value_.has_value(); }

  absl::Mutex mutex_;
  absl::optional<T> value_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ONE_ANSWER_H_
