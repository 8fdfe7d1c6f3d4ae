#include "storage/event_listeners.h"

#include <utility>

namespace armstate {

class EventListeners::Subscription final : public EventSubscription {
 public:
  Subscription(std::shared_ptr<State> state, uint64_t id) : state_(std::move(state)), id_(id) {}
  // Listeners are called under the mutex: that is what makes this wait for a call.
  ~Subscription() override {
    absl::MutexLock lock(&state_->mutex);
    state_->listeners.erase(id_);
  }

 private:
  const std::shared_ptr<State> state_;
  const uint64_t id_;
};

EventListeners::EventListeners() : state_(std::make_shared<State>()) {}

std::unique_ptr<EventSubscription> EventListeners::Add(EventListener listener) {
  absl::MutexLock lock(&state_->mutex);
  const uint64_t id = state_->next_id++;
  state_->listeners.emplace(id, std::move(listener));
  return std::make_unique<Subscription>(state_, id);
}

void EventListeners::Notify(uint64_t newest) {
  absl::MutexLock lock(&state_->mutex);
  if (newest <= state_->last_notified) return;
  state_->last_notified = newest;
  for (const auto& [id, listener] : state_->listeners) listener(newest);
}

}  // namespace armstate
