#include "server/watch/event_window.h"

#include <algorithm>

#include "server/watch/event_messages.h"

namespace armstate {

absl::StatusOr<WatchedEvents> EventWindow::Read(uint64_t after) {
  if (after == store_.events().newest) return WatchedEvents();
  if (Has(after + 1)) {
    const auto begin = kept_.begin() + static_cast<ptrdiff_t>(after + 1 - kept_.front()->sequence);
    return WatchedEvents(begin, begin + std::min<ptrdiff_t>(kMaxRead, kept_.end() - begin));
  }
  absl::StatusOr<WatchedEvents> events = ReadStore(after);
  if (!events.ok() || events->empty()) return events;
  const bool is_behind = !kept_.empty() && after < kept_.back()->sequence;
  if (is_behind) return events;
  if (!Has(after)) kept_.clear();
  kept_.insert(kept_.end(), events->begin(), events->end());
  if (kept_.size() > kMaxKept) kept_.erase(kept_.begin(), kept_.end() - kMaxKept);
  return events;
}

absl::StatusOr<WatchedEvents> EventWindow::ReadStore(uint64_t after) {
  const uint64_t log_id = store_.events().log_id;
  const absl::StatusOr<EventPage> page = store_.ReadEvents(after, kMaxRead);
  if (!page.ok()) return page.status();
  WatchedEvents events;
  events.reserve(page->events.size());
  for (const CheckpointEvent& event : page->events) {
    events.push_back(
        std::make_shared<const WatchedEvent>(WatchedEvent{event.sequence, event.vm, EventToProto(event, log_id)}));
  }
  return events;
}

}  // namespace armstate
