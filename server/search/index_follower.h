// Keeps the search index in step with the store.
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

// One thread. First it reads each VM's latest checkpoint; then it follows the store's events, and reads those VMs
// again. However often a VM changed meanwhile, it is read once.
//
// Thread-safe. All arguments must outlive it.
class IndexFollower {
 public:
  IndexFollower(CheckpointStore& store, CheckpointRepository& checkpoints, const ProfileRegistry& profiles,
                SearchIndex& index);
  ~IndexFollower();

  // Waits until the index has all that was acknowledged before this call. UNAVAILABLE, reason INDEX_BUILDING (metadata
  // "done_vms"), while the VMs are read for the first time; and what `stop` answers.
  absl::Status CatchUp(const StopCheck& stop);

 private:
  void Run();
  // False if it was stopped. Sets position_.
  bool ReadAllVms();
  bool ReadEvents();
  // False if it was stopped, or the store does not answer now.
  bool ReadVm(const std::string& vm);
  bool stopped() const;
  void SetPosition(uint64_t position);
  // Returns after a while if there are events after the position, and at once when it is stopped or somebody waits for
  // them.
  void WaitForEvents();
  // Returns after a while, or when it is stopped.
  void WaitForStore();

  CheckpointStore& store_;
  CheckpointRepository& checkpoints_;
  const ProfileRegistry& profiles_;
  SearchIndex& index_;

  mutable absl::Mutex mutex_;
  absl::CondVar changed_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool ready_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t position_ ABSL_GUARDED_BY(mutex_) = 0;  // the index knows of all events up to this one
  uint64_t newest_ ABSL_GUARDED_BY(mutex_) = 0;    // of the store
  int waiting_ ABSL_GUARDED_BY(mutex_) = 0;        // calls of CatchUp
  std::unique_ptr<EventSubscription> subscription_;
  std::thread thread_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SEARCH_INDEX_FOLLOWER_H_
