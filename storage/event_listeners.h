// `EventListeners` calls its listeners when there are new events.
#ifndef ARMSTATE_STORAGE_EVENT_LISTENERS_H_
#define ARMSTATE_STORAGE_EVENT_LISTENERS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace armstate {

// Receives the number of the newest event that can be read, a higher one each time. Commits wait for the listener to
// return, so it should only record the number. It must not subscribe, or end a subscription.
using EventListener = std::function<void(uint64_t newest)>;

// As long as it exists, its listener is called. It may outlive the store.
class EventSubscription {
 public:
  // Waits for a call of the listener that is under way; none comes after.
  virtual ~EventSubscription() = default;
};

// Thread-safe.
class EventListeners {
 public:
  EventListeners();

  std::unique_ptr<EventSubscription> Add(EventListener listener);
  // Calls all listeners, unless they were notified of this event or a later one before.
  void Notify(uint64_t newest);

 private:
  // Shared with the subscriptions.
  struct State {
    absl::Mutex mutex;
    uint64_t last_notified ABSL_GUARDED_BY(mutex) = 0;
    uint64_t next_id ABSL_GUARDED_BY(mutex) = 0;
    std::map<uint64_t, EventListener> listeners ABSL_GUARDED_BY(mutex);
  };
  class Subscription;

  std::shared_ptr<State> state_;
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_EVENT_LISTENERS_H_
