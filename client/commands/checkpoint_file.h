// Files that hold the CPU state of a VM -> armstate.v1.Checkpoint.
#ifndef ARMSTATE_CLIENT_COMMANDS_CHECKPOINT_FILE_H_
#define ARMSTATE_CLIENT_COMMANDS_CHECKPOINT_FILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "armstate/v1/checkpoint.pb.h"
#include "client/qemu/qemu_capture.h"

namespace armstate {

struct LoadedCheckpointFile {
  v1::Checkpoint checkpoint;
  // What the user should know about the file.
  std::vector<std::string> notes;
};

// A file that begins with '{' (after white space) is proto3 JSON of armstate.v1.Checkpoint; anything else is taken for
// a QEMU migration stream or QEMU's dump of device states, which both begin with "QEVM". The source of a stream is
// filled in as far as it says: hypervisor and machine type.
//
// INVALID_ARGUMENT; for a stream with reason STREAM_MALFORMED. Only the server checks what a checkpoint holds.
absl::StatusOr<LoadedCheckpointFile> LoadCheckpointFile(absl::string_view bytes);

// What a QEMU stream or dump says, as a checkpoint: its vCPUs, and of its source hypervisor and machine type.
LoadedCheckpointFile CheckpointOfCapture(QemuCapture capture);

// The proto3 JSON that LoadCheckpointFile reads.
std::string CheckpointFileText(const v1::Checkpoint& checkpoint);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_COMMANDS_CHECKPOINT_FILE_H_
