// ParseCreate and SubmitCreate store one checkpoint that arrived in a CreateCheckpoint call or in an item of a stream.
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

// A validated request.
struct ParsedCreate {
  // The VM's ID, without "vms/".
  std::string vm;
  absl::optional<int64_t> expected_latest_version;
  bool validate_only = false;
  NewCheckpoint checkpoint;
};

// The result of a request.
struct CreateResult {
  std::string vm;
  // Version 0: nothing was stored, as the request asked for validation only.
  CheckpointSummary summary;
  // The number of registers in the request.
  int64_t register_count = 0;
  // True if the response is the result of an earlier request with this ID. Otherwise everything except the summary is
  // in the request.
  bool was_retry = false;
};

// Validates everything that a client sends, and moves it out of `request`. The request's checkpoint keeps the BASIC
// view, except for the fields that storing adds. Does not wait for the disk. Errors: see CreateCheckpoint,
// INVALID_ARGUMENT.
absl::StatusOr<ParsedCreate> ParseCreate(CheckpointRepository& repository, v1::CreateCheckpointRequest& request);

// Stores the checkpoint. `done` is called once, from a thread of the store or from this one, and must not block. The
// repository must outlive that call. Errors: see CreateCheckpoint.
void SubmitCreate(CheckpointRepository& repository, ParsedCreate create,
                  std::function<void(absl::StatusOr<CreateResult>)> done);

// Completes the BASIC view in `response`, which must hold what ParseCreate left in the request. The stored metadata is
// parsed only for a retry. DATA_LOSS, reason RECORD_DAMAGED, for a retry whose checkpoint is damaged.
absl::Status FillCreateResponse(const CreateResult& outcome, v1::Checkpoint& response);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_CHECKPOINTS_CREATE_H_
