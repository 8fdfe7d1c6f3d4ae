// Durable commits of checkpoints, without a network: how many in a second, how many in one sync, how long a sync takes.
//
// Example: bazel run //tests/benchmarks:commit_benchmark -- /var/tmp 20000
//          (folder on the disk to be measured, checkpoints for each row)
#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "storage/repository/checkpoint_repository.h"
#include "storage/rocksdb/storage.h"
#include "tests/benchmarks/commit_load.h"
#include "tests/testing/linux_checkpoints.h"

namespace armstate {
namespace {

void Measure(const std::string& directory, int in_flight, int guests, int count, const LinuxGuests& linux) {
  const std::string data_dir = absl::StrCat(directory, "/commit_benchmark.", absl::ToUnixNanos(absl::Now()));
  {
    const auto storage = RocksDbStorage::Open(data_dir, {}).value();
    CheckpointRepository repository(storage->checkpoints());
    const CommitTime took = CommitCheckpoints(repository, Prepare(linux), in_flight, guests, count);
    const CommitStatistics done = storage->statistics().commits;
    std::printf("%9d %7d %11.0f %10.1f %12.0f %12.1f\n", in_flight, guests, count / took.seconds,
                static_cast<double>(done.operations) / static_cast<double>(done.writes),
                absl::ToDoubleMicroseconds(done.write_time) / static_cast<double>(done.writes),
                1e6 * took.cpu_seconds / count);
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
