#include "server/worker_pool.h"

#include <algorithm>
#include <utility>

namespace armstate {

WorkerPool::WorkerPool(int threads, size_t max_tasks) : max_tasks_(max_tasks) {
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
  const auto own = waiting_.find(client);
  if (own != waiting_.end() && own->second.size() >= std::max<size_t>(max_tasks_ / 2, 1)) return false;
  Push(client, std::move(task));
  return true;
}

void WorkerPool::Run(std::function<void()> task) {
  absl::MutexLock lock(&mutex_);
  Push("", std::move(task));
}

void WorkerPool::Push(const std::string& client, Task task) {
  std::deque<Task>& tasks = waiting_[client];
  if (tasks.empty()) turns_.push_back(client);
  tasks.push_back(std::move(task));
  ++tasks_;
}

WorkerPool::Task WorkerPool::Pop() {
  std::string client = std::move(turns_.front());
  turns_.pop_front();
  const auto tasks = waiting_.find(client);
  Task task = std::move(tasks->second.front());
  tasks->second.pop_front();
  if (tasks->second.empty()) {
    waiting_.erase(tasks);
  } else {
    turns_.push_back(std::move(client));
  }
  return task;
}

void WorkerPool::Loop() {
  while (true) {
    Task task;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(this, &WorkerPool::HasNews));
      if (turns_.empty()) return;
      task = Pop();
    }
    task();
    task = nullptr;  // with what it holds
    absl::MutexLock lock(&mutex_);
    --tasks_;
  }
}

}  // namespace armstate
