#include "server/worker_thread.h"

#include <utility>

namespace armstate {

WorkerThread::~WorkerThread() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

bool WorkerThread::TryRun(std::function<void()> work, std::function<void()> done) {
  absl::MutexLock lock(&mutex_);
  if (tasks_ >= max_tasks_) return false;
  ++tasks_;
  waiting_.push_back({std::move(work), std::move(done)});
  return true;
}

void WorkerThread::Loop() {
  while (true) {
    Task task;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(this, &WorkerThread::HasNews));
      if (waiting_.empty()) return;
      task = std::move(waiting_.front());
      waiting_.pop_front();
    }
    task.work();
    {
      absl::MutexLock lock(&mutex_);
      --tasks_;
    }
    task.done();
  }
}

}  // namespace armstate
