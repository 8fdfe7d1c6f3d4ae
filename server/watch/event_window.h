// EventWindow reads the store's events for all watchers.
#ifndef ARMSTATE_SERVER_WATCH_EVENT_WINDOW_H_
#define ARMSTATE_SERVER_WATCH_EVENT_WINDOW_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "armstate/v1/checkpoint_watch.pb.h"
#include "storage/checkpoint_store.h"

namespace armstate {

struct WatchedEvent {
  uint64_t sequence = 0;
  std::string vm;
  v1::CheckpointEvent message;
};

using WatchedEvents = std::vector<std::shared_ptr<const WatchedEvent>>;

// Caches the newest requested events, so that watchers that keep up share them: each event is read and decoded once.
// For a watcher that is further behind, the log is read again. For use by one thread.
class EventWindow {
 public:
  // The maximum number of events that one Read returns.
  static constexpr size_t kMaxRead = 256;

  // The store must outlive it.
  explicit EventWindow(CheckpointStore& store) : store_(store) {}

  // Returns the events after this one, without gaps; empty if it is the newest. Errors: those of
  // CheckpointStore::ReadEvents.
  absl::StatusOr<WatchedEvents> Read(uint64_t after);

 private:
  static constexpr size_t kMaxKept = 1024;

  bool Has(uint64_t sequence) const {
    return !kept_.empty() && sequence >= kept_.front()->sequence && sequence <= kept_.back()->sequence;
  }
  absl::StatusOr<WatchedEvents> ReadStore(uint64_t after);

  CheckpointStore& store_;
  std::deque<std::shared_ptr<const WatchedEvent>> kept_;  // without gaps
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_WATCH_EVENT_WINDOW_H_
