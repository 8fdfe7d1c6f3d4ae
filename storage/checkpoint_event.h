// `CheckpointEvent` is an entry of the store's log of events: a commit or a deletion, in the order in which they
// happened.
//
// Example, which misses nothing: subscribe, then read on after the last event that is known until a page is empty; then
// read again whenever the subscription reports a newer one.
#ifndef ARMSTATE_STORAGE_CHECKPOINT_EVENT_H_
#define ARMSTATE_STORAGE_CHECKPOINT_EVENT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace armstate {

// The numbers are on disk.
enum class CheckpointEventKind { kCommitted = 1, kDeleted = 2, kVmDeleted = 3 };

struct CheckpointEvent {
  // 1, 2, 3 ... without gaps over all VMs, never used again in the same log.
  uint64_t sequence = 0;
  CheckpointEventKind kind = CheckpointEventKind::kCommitted;
  std::string vm;
  // 0 if the VM was damaged when it was deleted.
  uint64_t incarnation = 0;
  // For a deleted VM the last version that it ever had; 0 if the VM was damaged.
  int64_t version = 0;
  // As the caller gave it to the call that changed something: not always ascending.
  absl::Time time;
};

// The events that can be read; none if the newest is 0, which is so only before the first one.
struct EventRange {
  uint64_t oldest = 1;
  uint64_t newest = 0;
  // Of the log: random, not 0, and another one after a restore from a backup, since when the numbers of events that
  // the backup did not have are given again.
  uint64_t log_id = 0;
};

struct EventPage {
  // Ascending, without gaps.
  std::vector<CheckpointEvent> events;
  // The newest event that can be read: there are more after these if it is not the last of them.
  uint64_t newest = 0;
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_CHECKPOINT_EVENT_H_
