#include "server/rpc/worker_pool.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace armstate {

WorkerPool::WorkerPool(int threads, size_t max_tasks, int threads_per_client, int niceness)
    : max_tasks_(max_tasks), threads_per_client_(threads_per_client), niceness_(niceness) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Loop(); });
}

WorkerPool::~WorkerPool() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  for (std::thread& thread : threads_) thread.join();
}

bool WorkerPool::TryRun(const std::string& client, std::function<void()> task) {
  absl::MutexLock lock(&mutex_);
  if (tasks_ >= max_tasks_) return false;
  const auto own = clients_.find(client);
  if (own != clients_.end() && own->second.waiting.size() >= std::max<size_t>(max_tasks_ / 2, 1)) return false;
  Push(client, std::move(task));
  return true;
}

void WorkerPool::Run(const std::string& client, std::function<void()> task) {
  absl::MutexLock lock(&mutex_);
  Push(client, std::move(task));
}

void WorkerPool::Push(const std::string& client, Task task) {
  Client& own = clients_[client];
  if (own.waiting.empty() && own.running < threads_per_client_) turns_.push_back(client);
  own.waiting.push_back(std::move(task));
  ++tasks_;
}

WorkerPool::Task WorkerPool::Pop(std::string& client) {
  client = std::move(turns_.front());
  turns_.pop_front();
  Client& own = clients_[client];
  Task task = std::move(own.waiting.front());
  own.waiting.pop_front();
  ++own.running;
  if (!own.waiting.empty() && own.running < threads_per_client_) turns_.push_back(client);
  return task;
}

void WorkerPool::End(const std::string& client) {
  --tasks_;
  const auto own = clients_.find(client);
  const bool was_at_limit = own->second.running-- == threads_per_client_;
  if (!own->second.waiting.empty()) {
    if (was_at_limit) turns_.push_back(client);
  } else if (own->second.running == 0) {
    clients_.erase(own);
  }
}

void WorkerPool::Loop() {
  // On Linux, this is the niceness of the thread alone. If it is not permitted, the pool works as before.
  if (niceness_ != 0) static_cast<void>(nice(niceness_));
  while (true) {
    std::string client;
    Task task;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(this, &WorkerPool::HasNews));
      // Tasks that wait for a free slot of their client are left to the thread that holds the slot.
      if (turns_.empty()) return;
      task = Pop(client);
    }
    task();
    task = nullptr;  // destroys its captures without the lock
    absl::MutexLock lock(&mutex_);
    End(client);
  }
}

}  // namespace armstate
