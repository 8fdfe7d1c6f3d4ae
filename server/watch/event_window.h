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

// Keeps the newest events that were asked for, so that watchers that keep up share them: each is read and decoded once.
// For who is further behind the log is read anew. For one thread.
class EventWindow {
 public:
  // Of one Read.
  static constexpr size_t kMaxRead = 256;

  // The store must outlive it.
  explicit EventWindow(CheckpointStore& store) : store_(store) {}

  // The events after this one, without gaps; none if it is the newest. Errors: of CheckpointStore::ReadEvents.
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
