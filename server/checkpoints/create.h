// Storing one checkpoint that came over the wire: as a call of its own, or as an item of a stream.
#ifndef ARMSTATE_SERVER_CHECKPOINTS_CREATE_H_
#define ARMSTATE_SERVER_CHECKPOINTS_CREATE_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "armstate/v1/checkpoint_service.pb.h"
#include "storage/repository/checkpoint_repository.h"

namespace armstate {

// A request that was checked.
struct ParsedCreate {
  // Without "vms/".
  std::string vm;
  absl::optional<int64_t> expected_latest_version;
  bool validate_only = false;
  NewCheckpoint checkpoint;
};

// What a request made.
struct CreateResult {
  std::string vm;
  // Version 0: nothing was stored, as the request asked for.
  CheckpointSummary summary;
  // Of the request.
  int64_t register_count = 0;
  // The answer is what an earlier request with this ID made; else all of it but the summary is in the request.
  bool was_retry = false;
};

// Checks everything that a client sends, and moves it out of `request`. What is left in its checkpoint is the BASIC
// view, but for what storing adds. Does not wait for a disk. Errors: see CreateCheckpoint, INVALID_ARGUMENT.
absl::StatusOr<ParsedCreate> ParseCreate(CheckpointRepository& repository, v1::CreateCheckpointRequest& request);

// Stores it. `done` is called once, from a thread of the store or this one; it must not block, and the repository must
// outlive that call. Errors: see CreateCheckpoint.
void SubmitCreate(CheckpointRepository& repository, ParsedCreate create,
                  std::function<void(absl::StatusOr<CreateResult>)> done);

// Makes the BASIC view of `response`, which holds what ParseCreate left in the request. Without a parse of what was
// stored: only a retry takes that. DATA_LOSS, reason RECORD_DAMAGED: of a retry, whose checkpoint is read.
absl::Status FillCreateResponse(const CreateResult& outcome, v1::Checkpoint& response);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_CHECKPOINTS_CREATE_H_
