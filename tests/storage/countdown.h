// Waits for a number of things to happen.
#ifndef ARMSTATE_TESTS_STORAGE_COUNTDOWN_H_
#define ARMSTATE_TESTS_STORAGE_COUNTDOWN_H_

#include <condition_variable>
#include <mutex>

namespace armstate {

// Thread-safe. Not absl::BlockingCounter: ThreadSanitizer does not see Debian's.
class Countdown {
 public:
  explicit Countdown(int count) : count_(count) {}

  void DecrementCount() {
    std::lock_guard<std::mutex> lock(mutex_);
    if (--count_ == 0) zero_.notify_all();
  }
  void Wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    zero_.wait(lock, [this] { return count_ <= 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable zero_;
  int count_;
};

}  // namespace armstate

#endif  // ARMSTATE_TESTS_STORAGE_COUNTDOWN_H_
