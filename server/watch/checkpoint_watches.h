// CheckpointWatches implements WatchCheckpoints.
#ifndef ARMSTATE_SERVER_WATCH_CHECKPOINT_WATCHES_H_
#define ARMSTATE_SERVER_WATCH_CHECKPOINT_WATCHES_H_

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "armstate/v1/checkpoint_watch.pb.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "server/rpc/memory_budget.h"
#include "server/security/access_control.h"
#include "server/watch/event_window.h"
#include "server/watch/watcher.h"
#include "storage/checkpoint_store.h"

namespace armstate {

// One thread reads the store's events for all calls in turn, and holds no lock that others wait for while it reads. A
// commit only signals that there are new events.
//
// Thread-safe. All calls must have ended before the object is destroyed.
class CheckpointWatches {
 public:
  // `patience` is how long a client may take to accept a message.
  CheckpointWatches(CheckpointStore& store, MemoryBudget& memory, absl::Duration patience);
  ~CheckpointWatches();

  // Leaves out the events of VMs that the caller may not read. Errors end the call; see WatchCheckpoints.
  // RESOURCE_EXHAUSTED, reason SERVER_BUSY, if the memory budget is exhausted.
  grpc::ServerWriteReactor<v1::CheckpointEvent>* Watch(grpc::CallbackServerContext& context,
                                                       const v1::WatchCheckpointsRequest& request, Access access);

  // Ends all calls, and those that start later, with UNAVAILABLE: the server is shutting down.
  void EndAll();

 private:
  void Run();
  bool HasNews() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(wake_mutex_) { return has_news_ || stopped_; }
  std::vector<std::shared_ptr<Watcher>> Watchers();
  void Remove(Watcher* watcher);
  // Returns true if more work may be ready.
  bool Visit();
  void Wake();
  void OnEvents();

  CheckpointStore& store_;
  MemoryBudget& memory_;
  const absl::Duration patience_;

  absl::Mutex watchers_mutex_;
  absl::flat_hash_map<Watcher*, std::shared_ptr<Watcher>> watchers_ ABSL_GUARDED_BY(watchers_mutex_);
  bool ended_ ABSL_GUARDED_BY(watchers_mutex_) = false;
  // True if there are watchers or one is being added. Changes under watchers_mutex_.
  std::atomic<bool> is_watched_ = false;

  absl::Mutex wake_mutex_;
  bool has_news_ ABSL_GUARDED_BY(wake_mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(wake_mutex_) = false;

  EventWindow window_;  // used by thread_ only
  std::unique_ptr<EventSubscription> subscription_;
  std::thread thread_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_WATCH_CHECKPOINT_WATCHES_H_
