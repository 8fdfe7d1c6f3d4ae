// A thread for calls that take longer than gRPC's own threads should be kept.
#ifndef ARMSTATE_SERVER_WORKER_THREAD_H_
#define ARMSTATE_SERVER_WORKER_THREAD_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace armstate {

// Example:
//   WorkerThread worker(1);
//   auto response = std::make_shared<Response>();
//   if (!worker.TryRun([=] { *response = Compute(); }, [=] { Answer(*response); })) return Busy();
//
// Thread-safe.
class WorkerThread {
 public:
  // So many tasks at most run or wait.
  explicit WorkerThread(size_t max_tasks) : max_tasks_(max_tasks), thread_([this] { Loop(); }) {}
  // Runs what is left.
  ~WorkerThread();

  // Calls `work`, then `done`, in the order of the calls of TryRun. When `done` is called, the task's place is free
  // again. False, and neither is called, if there is no place.
  bool TryRun(std::function<void()> work, std::function<void()> done);

 private:
  struct Task {
    std::function<void()> work;
    std::function<void()> done;
  };

  void Loop();
  bool HasNews() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_ || !waiting_.empty(); }

  const size_t max_tasks_;
  absl::Mutex mutex_;
  std::deque<Task> waiting_ ABSL_GUARDED_BY(mutex_);
  size_t tasks_ ABSL_GUARDED_BY(mutex_) = 0;  // the one that runs is not in waiting_
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_WORKER_THREAD_H_
