// `ParseCheckpointJson` and `CheckpointJson` convert a checkpoint from and to the JSON of `armstate push` and `pull`.
#ifndef ARMSTATE_CLIENT_CLI_FILES_CHECKPOINT_JSON_H_
#define ARMSTATE_CLIENT_CLI_FILES_CHECKPOINT_JSON_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "armstate/v1/checkpoint.pb.h"

namespace armstate {

// Proto3 JSON of armstate.v1.Checkpoint. An accelerator that is not named is that of the register list, where that
// shows it. INVALID_ARGUMENT says what is wrong; only the server checks what a checkpoint holds.
absl::StatusOr<v1::Checkpoint> ParseCheckpointJson(absl::string_view text);

std::string CheckpointJson(const v1::Checkpoint& checkpoint);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_CLI_FILES_CHECKPOINT_JSON_H_
