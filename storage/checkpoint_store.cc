#include "storage/checkpoint_store.h"

#include <utility>

#include "storage/one_answer.h"

namespace armstate {

absl::StatusOr<CommitResult> CheckpointStore::Commit(CommitRequest request) {
  const auto answer = std::make_shared<OneAnswer<absl::StatusOr<CommitResult>>>();
  CommitAsync(std::move(request), [answer](absl::StatusOr<CommitResult> result) { answer->Give(std::move(result)); });
  return answer->Wait();
}

}  // namespace armstate
