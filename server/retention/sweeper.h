// Applies retention to VMs that get no new checkpoints.
#ifndef ARMSTATE_SERVER_RETENTION_SWEEPER_H_
#define ARMSTATE_SERVER_RETENTION_SWEEPER_H_

#include <cstdint>
#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/restores/history.h"
#include "storage/repository/checkpoint_repository.h"

namespace armstate {

// One thread, which looks at all VMs now and then. A VM that has nothing to lose costs what a list has of it, or one
// read more if its rules have an age: 40 ms for 100 000 VMs, or 3 s (tests/benchmarks:vm_scan_benchmark). The history
// of restores goes with the checkpoints.
//
// A VM that is damaged itself keeps all of its checkpoints, which the log tells.
//
// Thread-safe.
class RetentionSweeper {
 public:
  struct Options {
    // Between two rounds, and before the first; more than zero.
    absl::Duration interval;
    CheckpointRepository::Clock clock;
  };

  // Both must outlive it.
  RetentionSweeper(CheckpointRepository& checkpoints, RestoreHistory& history, Options options);
  ~RetentionSweeper() { Stop(); }

  // Ends the thread, in the middle of a round if need be. A second Stop does nothing.
  void Stop();

  // One round, by the caller's thread; answers how many checkpoints were removed. CANCELLED after Stop.
  absl::StatusOr<int64_t> Sweep();

 private:
  void Loop();
  absl::StatusOr<int64_t> SweepVm(const VmInfo& info);
  bool MayHaveWork(const VmInfo& info);
  bool stopped() const;

  CheckpointRepository& checkpoints_;
  RestoreHistory& history_;
  const Options options_;
  mutable absl::Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RETENTION_SWEEPER_H_
