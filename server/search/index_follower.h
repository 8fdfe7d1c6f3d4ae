// IndexFollower keeps the search index up to date with the store.
#ifndef ARMSTATE_SERVER_SEARCH_INDEX_FOLLOWER_H_
#define ARMSTATE_SERVER_SEARCH_INDEX_FOLLOWER_H_

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "server/profiles/registry.h"
#include "server/rpc/stop_check.h"
#include "server/search/search_index.h"
#include "storage/checkpoint_store.h"
#include "storage/repository/checkpoint_repository.h"

namespace armstate {

// Runs one thread that first reads each VM's latest checkpoint, and then follows the store's events and reads the
// affected VMs again; a VM that changed several times in the meantime is read once.
//
// Thread-safe. All arguments must outlive the object.
class IndexFollower {
 public:
  IndexFollower(CheckpointStore& store, CheckpointRepository& checkpoints, const ProfileRegistry& profiles,
                SearchIndex& index);
  ~IndexFollower();

  // Waits until the index reflects everything that was acknowledged before this call. UNAVAILABLE, reason
  // INDEX_BUILDING (metadata "done_vms"), during the initial read of all VMs; otherwise the errors of `stop`.
  absl::Status CatchUp(const StopCheck& stop);
  // False during that.
  bool HasReadAllVms() const {
    const absl::MutexLock lock(&mutex_);
    return ready_;
  }

 private:
  void Run();
  // Returns false if the follower was stopped. Sets position_.
  bool ReadAllVms();
  bool ReadEvents();
  // Returns false if the follower was stopped or the store does not answer at present.
  bool ReadVm(const std::string& vm);
  bool stopped() const;
  void SetPosition(uint64_t position);
  // Returns after a while if there are events after the position, and immediately if the follower is stopped or a
  // caller waits for them.
  void WaitForEvents();
  // Returns after a while, or when the follower is stopped.
  void WaitForStore();

  CheckpointStore& store_;
  CheckpointRepository& checkpoints_;
  const ProfileRegistry& profiles_;
  SearchIndex& index_;

  mutable absl::Mutex mutex_;
  absl::CondVar changed_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool ready_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t position_ ABSL_GUARDED_BY(mutex_) = 0;  // the index reflects all events up to this one
  uint64_t newest_ ABSL_GUARDED_BY(mutex_) = 0;    // the store's newest event
  int waiting_ ABSL_GUARDED_BY(mutex_) = 0;        // the number of waiting CatchUp calls
  std::unique_ptr<EventSubscription> subscription_;
  std::thread thread_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SEARCH_INDEX_FOLLOWER_H_
