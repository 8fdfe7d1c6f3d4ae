// RetentionSweeper applies retention to VMs that get no new checkpoints.
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

// Runs one thread that visits all VMs periodically. A VM without anything to delete costs its entry in the list of VMs,
// and one more read if its rules have an age: 40 ms for 100 000 VMs, or 3 s (tests/benchmarks:vm_scan_benchmark). The
// history of restores is deleted with the checkpoints.
//
// A VM whose own record is damaged keeps all of its checkpoints; the log reports it.
//
// Thread-safe.
class RetentionSweeper {
 public:
  struct Options {
    // The time between two rounds, and before the first one; more than zero.
    absl::Duration interval;
    CheckpointRepository::Clock clock;
  };

  // Both arguments must outlive the object.
  RetentionSweeper(CheckpointRepository& checkpoints, RestoreHistory& history, Options options);
  ~RetentionSweeper() { Stop(); }

  // Ends the thread, also in the middle of a round. Calling it twice is allowed.
  void Stop();

  // Runs one round on the calling thread; returns the number of checkpoints that were deleted. CANCELLED after Stop.
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
