// The cost of a look at all VMs: GetStatistics, and a round of the retention sweeper that finds nothing to delete.
//
//   bazel run //tests/benchmarks:vm_scan_benchmark [-- VMS]
#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/synchronization/blocking_counter.h"
#include "absl/time/clock.h"
#include "server/admin/statistics.h"
#include "server/restores/history.h"
#include "server/retention/sweeper.h"
#include "storage/rocksdb/storage.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

constexpr uint64_t kSctlrEl1 = 0x603000000013c080;  // 8 bytes

// Two checkpoints of each, so that retention has something to look at.
void CreateVms(CheckpointRepository& checkpoints, int vms) {
  absl::BlockingCounter unanswered(2 * vms);
  for (int i = 0; i < 2 * vms; ++i) {
    NewCheckpoint checkpoint;
    checkpoint.vcpus.push_back({0, *RegisterList::Create({kSctlrEl1}, "ssssssss"), ""});
    checkpoints.CreateAsync("vm-" + std::to_string(i / 2), std::move(checkpoint), absl::nullopt,
                            [&unanswered](const absl::StatusOr<CreatedCheckpoint>& created) {
                              if (!created.ok()) std::abort();
                              unanswered.DecrementCount();
                            });
  }
  unanswered.Wait();
}

template <typename Work>
void Time(const char* what, Work work) {
  const absl::Time start = absl::Now();
  if (!work()) std::abort();
  std::printf("%-60s %8.0f ms\n", what, absl::ToDoubleMilliseconds(absl::Now() - start));
}

void Run(int vms) {
  TempDir folder;
  const auto storage = RocksDbStorage::Open(folder.path() + "/data", {}).value();
  CheckpointRepository checkpoints(storage->checkpoints());
  RestoreHistory history(storage->records(), checkpoints);
  RetentionSweeper sweeper(checkpoints, history, {absl::Hours(24), absl::Now});
  const auto sweep = [&] { return sweeper.Sweep().value() == 0; };
  std::printf("%d VMs\n", vms);
  CreateVms(checkpoints, vms);
  Time("statistics",
       [&] { return CollectStatistics(checkpoints, *storage, absl::Now(), [] { return false; })->vm_count() == vms; });
  Time("a round of the sweeper, VMs without retention", sweep);
  Retention retention;
  retention.keep_last = 2;
  for (int i = 0; i < vms; ++i) checkpoints.SetRetention("vm-" + std::to_string(i), retention).value();
  Time("a round, VMs that keep their last checkpoints", sweep);
  retention.keep_last = 0;
  retention.keep_for = absl::Hours(1);
  for (int i = 0; i < vms; ++i) checkpoints.SetRetention("vm-" + std::to_string(i), retention).value();
  Time("a round, VMs that keep by age", sweep);
}

}  // namespace
}  // namespace armstate

int main(int argc, char** argv) { armstate::Run(argc > 1 ? std::atoi(argv[1]) : 100000); }
