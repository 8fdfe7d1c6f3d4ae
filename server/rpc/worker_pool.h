// WorkerPool runs tasks on its own threads, so that they do not block those of gRPC or of the store.
#ifndef ARMSTATE_SERVER_RPC_WORKER_POOL_H_
#define ARMSTATE_SERVER_RPC_WORKER_POOL_H_

#include <algorithm>
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
// Clients take turns, so that a client with many tasks does not delay another's. The tasks of one client start in
// order. A client with long tasks cannot occupy all threads.
//
// Thread-safe.
class WorkerPool {
 public:
  // At most `max_tasks` tasks run or wait. Of one client, at most half as many may wait, and at most half of the
  // threads may run its tasks; at least one each.
  WorkerPool(int threads, size_t max_tasks) : WorkerPool(threads, max_tasks, std::max(threads / 2, 1)) {}
  // For tasks that are short, or bounded in another way.
  WorkerPool(int threads, size_t max_tasks, int threads_per_client)
      : WorkerPool(threads, max_tasks, threads_per_client, /*niceness=*/0) {}
  // For tasks that compute for long: `niceness` is added to that of the process (setpriority(2)).
  WorkerPool(int threads, size_t max_tasks, int threads_per_client, int niceness);
  // Runs the remaining tasks.
  ~WorkerPool();

  // Runs a task on one of the threads. Returns false if the pool is full.
  bool TryRun(const std::string& client, std::function<void()> task);

  // Accepts a task even if the pool is full: for the next part of an accepted operation, whose number is bounded
  // elsewhere.
  void Run(const std::string& client, std::function<void()> task);

 private:
  using Task = std::function<void()>;
  struct Client {
    std::deque<Task> waiting;
    int running = 0;
  };

  void Push(const std::string& client, Task task) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Returns a task of the client whose turn it is, and stores its name in `client`.
  Task Pop(std::string& client) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Called after each task of the client.
  void End(const std::string& client) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Loop();
  bool HasNews() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_ || !turns_.empty(); }

  const size_t max_tasks_;
  const int threads_per_client_;
  const int niceness_;
  absl::Mutex mutex_;
  // The clients that have tasks. A client that has waiting tasks and may run another one is in `turns_` once.
  absl::flat_hash_map<std::string, Client> clients_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::string> turns_ ABSL_GUARDED_BY(mutex_);
  size_t tasks_ ABSL_GUARDED_BY(mutex_) = 0;  // running and waiting
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RPC_WORKER_POOL_H_
