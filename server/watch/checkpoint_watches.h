// All calls of WatchCheckpoints.
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
#include "server/watch/event_window.h"
#include "server/watch/watcher.h"
#include "storage/checkpoint_store.h"

namespace armstate {

// One thread reads the store's events for all of them, in turn, while it holds nothing that others wait for. Pushes
// only leave a note that there are new ones.
//
// Thread-safe. All calls must have ended before it goes.
class CheckpointWatches {
 public:
  // `patience`: how long a client may take for a message.
  CheckpointWatches(CheckpointStore& store, MemoryBudget& memory, absl::Duration patience);
  ~CheckpointWatches();

  // Errors end the call, see WatchCheckpoints; RESOURCE_EXHAUSTED, reason SERVER_BUSY, if there is no memory for it.
  grpc::ServerWriteReactor<v1::CheckpointEvent>* Watch(grpc::CallbackServerContext& context,
                                                       const v1::WatchCheckpointsRequest& request);

  // Ends all calls with UNAVAILABLE, and those that come later: the server is going away.
  void EndAll();

 private:
  void Run();
  bool HasNews() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(wake_mutex_) { return has_news_ || stopped_; }
  std::vector<std::shared_ptr<Watcher>> Watchers();
  void Remove(Watcher* watcher);
  // True if there may be more to do at once.
  bool Visit();
  void Wake();
  void OnEvents();

  CheckpointStore& store_;
  MemoryBudget& memory_;
  const absl::Duration patience_;

  absl::Mutex watchers_mutex_;
  absl::flat_hash_map<Watcher*, std::shared_ptr<Watcher>> watchers_ ABSL_GUARDED_BY(watchers_mutex_);
  bool ended_ ABSL_GUARDED_BY(watchers_mutex_) = false;
  // There are watchers, or one is being added. Changes under watchers_mutex_.
  std::atomic<bool> is_watched_ = false;

  absl::Mutex wake_mutex_;
  bool has_news_ ABSL_GUARDED_BY(wake_mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(wake_mutex_) = false;

  EventWindow window_;  // of the thread
  std::unique_ptr<EventSubscription> subscription_;
  std::thread thread_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_WATCH_CHECKPOINT_WATCHES_H_
