// Durable commits of checkpoints, without a network: how many in a second, how many in one sync, how long a sync takes.
//
// Example: bazel run //tests/benchmarks:commit_benchmark -- /var/tmp 20000
//          (folder on the disk to be measured, checkpoints for each row)
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "storage/repository/checkpoint_repository.h"
#include "storage/rocksdb/storage.h"
#include "tests/testing/linux_checkpoints.h"

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

void Measure(const std::string& directory, int in_flight, int guests, int count, const LinuxGuests& linux) {
  const std::string data_dir = absl::StrCat(directory, "/commit_benchmark.", absl::ToUnixNanos(absl::Now()));
  {
    const auto storage = RocksDbStorage::Open(data_dir, {}).value();
    CheckpointRepository repository(storage->checkpoints());
    // Made before the clock runs.
    std::vector<std::vector<RegisterList>> prepared;
    for (int i = 0; i < 1000; ++i) prepared.push_back(linux.Checkpoint(i % 10, i / 10));
    InFlight commits(in_flight);
    const absl::Time begin = absl::Now();
    const double cpu = CpuSeconds();
    for (int i = 0; i < count; ++i) {
      NewCheckpoint checkpoint;
      checkpoint.request_id = absl::StrCat("request ", i);
      checkpoint.request_digest = "12345678";
      checkpoint.metadata = "metadata";
      // Guest by guest, and each guest's in their order.
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
    const double seconds = absl::ToDoubleSeconds(absl::Now() - begin);
    const CommitStatistics done = storage->statistics().commits;
    std::printf("%9d %7d %11.0f %10.1f %12.0f %12.1f\n", in_flight, guests, count / seconds,
                static_cast<double>(done.operations) / static_cast<double>(done.writes),
                absl::ToDoubleMicroseconds(done.write_time) / static_cast<double>(done.writes),
                1e6 * (CpuSeconds() - cpu) / count);
  }
  if (std::system(("rm -rf '" + data_dir + "'").c_str()) != 0) std::printf("%s is left\n", data_dir.c_str());
}

}  // namespace
}  // namespace armstate

int main(int argc, char** argv) {
  const std::string directory = argc > 1 ? argv[1] : "/var/tmp";
  const int count = argc > 2 ? std::atoi(argv[2]) : 20000;
  const armstate::LinuxGuests linux;
  std::printf("%9s %7s %11s %10s %12s %12s\n", "in flight", "guests", "per second", "per sync", "us per sync",
              "CPU us each");
  for (const int in_flight : {1, 8, 64, 512}) {
    armstate::Measure(directory, in_flight, 1000, in_flight == 1 ? count / 10 : count, linux);
  }
}
