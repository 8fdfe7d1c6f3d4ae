#include "tests/benchmarks/commit_load.h"

#include <time.h>

#include <cstdio>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace armstate {
namespace {

double CpuSeconds() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// Checkpoints that are on their way, at most so many.
class InFlight {
 public:
  explicit InFlight(int most) : most_(most) {}
  void Begin() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(
        +[](InFlight* self) { return self->now_ < self->most_; }, this));
    ++now_;
  }
  void End() {
    absl::MutexLock lock(&mutex_);
    --now_;
  }
  void WaitForAll() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(
        +[](InFlight* self) { return self->now_ == 0; }, this));
  }

 private:
  const int most_;
  absl::Mutex mutex_;
  int now_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace

PreparedCheckpoints Prepare(const LinuxGuests& linux) {
  PreparedCheckpoints prepared;
  for (int i = 0; i < 1000; ++i) prepared.push_back(linux.Checkpoint(i % 10, i / 10));
  return prepared;
}

CommitTime CommitCheckpoints(CheckpointRepository& repository, const PreparedCheckpoints& prepared, int in_flight,
                             int guests, int count) {
  InFlight commits(in_flight);
  const absl::Time begin = absl::Now();
  const double cpu = CpuSeconds();
  for (int i = 0; i < count; ++i) {
    NewCheckpoint checkpoint;
    checkpoint.request_id = absl::StrCat("request ", i);
    checkpoint.request_digest = "12345678";
    checkpoint.metadata = "metadata";
    const int guest = i % guests;
    const std::vector<RegisterList>& lists = prepared[guest % 10 + 10 * (i / guests % 100)];
    for (size_t vcpu = 0; vcpu < lists.size(); ++vcpu) {
      checkpoint.vcpus.push_back({static_cast<int>(vcpu), lists[vcpu], ""});
    }
    commits.Begin();
    repository.CreateAsync(absl::StrCat("web-", guest), std::move(checkpoint), absl::nullopt,
                           [&commits](const absl::StatusOr<CreatedCheckpoint>& created) {
                             if (!created.ok()) std::printf("%s\n", created.status().ToString().c_str());
                             commits.End();
                           });
  }
  commits.WaitForAll();
  return {absl::ToDoubleSeconds(absl::Now() - begin), CpuSeconds() - cpu};
}

}  // namespace armstate
