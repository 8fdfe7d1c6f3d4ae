#include "storage/checkpoint_store.h"

#include <future>
#include <memory>
#include <utility>

namespace armstate {

absl::StatusOr<CommitResult> CheckpointStore::Commit(CommitRequest request) {
  // Shared, as set_value may not have returned when get does.
  const auto answer = std::make_shared<std::promise<absl::StatusOr<CommitResult>>>();
  CommitAsync(std::move(request),
              [answer](absl::StatusOr<CommitResult> result) { answer->set_value(std::move(result)); });
  return answer->get_future().get();
}

}  // namespace armstate
