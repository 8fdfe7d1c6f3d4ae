// WorkerPool works on a few threads of its own what would hold up gRPC's or the store's.
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
// Clients take turns, so that one with many tasks does not keep another's waiting; each has its own begun in order. One
// with long tasks does not have all threads either.
//
// Thread-safe.
class WorkerPool {
 public:
  // So many tasks at most run or wait. One client's that wait are at most half as many, or one.
  // One client's that run are at most half as many as there are threads, or one.
  WorkerPool(int threads, size_t max_tasks) : WorkerPool(threads, max_tasks, std::max(threads / 2, 1)) {}
  // For tasks that are short, or bounded in another way.
  WorkerPool(int threads, size_t max_tasks, int threads_per_client);
  // Runs what is left.
  ~WorkerPool();

  // Runs a task on one of the threads. False if there is no place for it.
  bool TryRun(const std::string& client, std::function<void()> task);

  // Takes a task in any case: the next part of something that was accepted before, which bounds how many there are.
  void Run(std::function<void()> task);

 private:
  using Task = std::function<void()>;
  struct Client {
    std::deque<Task> waiting;
    int running = 0;
  };

  void Push(const std::string& client, Task task) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Of the client whose turn it is, whose name is put into `client`.
  Task Pop(std::string& client) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // After a task of the client.
  void End(const std::string& client) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Loop();
  bool HasNews() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_ || !turns_.empty(); }

  const size_t max_tasks_;
  const int threads_per_client_;
  absl::Mutex mutex_;
  // Those that have tasks. Who has some that wait and may run one more is in `turns_` once.
  absl::flat_hash_map<std::string, Client> clients_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::string> turns_ ABSL_GUARDED_BY(mutex_);
  size_t tasks_ ABSL_GUARDED_BY(mutex_) = 0;  // those that run, too
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RPC_WORKER_POOL_H_
