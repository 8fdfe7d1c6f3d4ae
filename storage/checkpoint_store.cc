#include "storage/checkpoint_store.h"

#include <utility>

#include "absl/synchronization/notification.h"

namespace armstate {

absl::StatusOr<CommitResult> CheckpointStore::Commit(CommitRequest request) {
  // Shared with the callback: it may still be in Notify when this function returns.
  struct Answer {
    absl::Notification done;
    absl::StatusOr<CommitResult> result = absl::UnknownError("no answer");
  };
  const auto answer = std::make_shared<Answer>();
  CommitAsync(std::move(request), [answer](absl::StatusOr<CommitResult> result) {
    answer->result = std::move(result);
    answer->done.Notify();
  });
  answer->done.WaitForNotification();
  return std::move(answer->result);
}

}  // namespace armstate
