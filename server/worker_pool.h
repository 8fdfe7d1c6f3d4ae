// WorkerPool works on a few threads of its own what would hold up gRPC's or the store's.
#ifndef ARMSTATE_SERVER_WORKER_POOL_H_
#define ARMSTATE_SERVER_WORKER_POOL_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"

namespace armstate {

// Example:
//   WorkerPool pool(/*threads=*/2, /*max_tasks=*/100);
//   if (!pool.TryRun(client, [=] { Answer(Compute(request)); })) return Busy();
//
// Clients take turns, so that one with many tasks does not keep another's waiting; each has its own in order.
//
// Thread-safe.
class WorkerPool {
 public:
  // So many tasks at most run or wait. One client's that wait are at most half as many, or one.
  WorkerPool(int threads, size_t max_tasks);
  // Runs what is left.
  ~WorkerPool();

  // Runs a task on one of the threads. False if there is no place for it.
  bool TryRun(const std::string& client, std::function<void()> task);

  // Takes a task in any case: the next part of something that was accepted before, which bounds how many there are.
  void Run(std::function<void()> task);

 private:
  using Task = std::function<void()>;

  void Push(const std::string& client, Task task) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Task Pop() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Loop();
  bool HasNews() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_ || !turns_.empty(); }

  const size_t max_tasks_;
  absl::Mutex mutex_;
  // Those that wait, by client; each client that has some is in `turns_` once.
  absl::flat_hash_map<std::string, std::deque<Task>> waiting_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::string> turns_ ABSL_GUARDED_BY(mutex_);
  size_t tasks_ ABSL_GUARDED_BY(mutex_) = 0;  // those that run, too
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_WORKER_POOL_H_
