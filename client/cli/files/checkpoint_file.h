// `LoadCheckpointFile` reads a file that holds the CPU state of a VM into an armstate.v1.Checkpoint.
#ifndef ARMSTATE_CLIENT_CLI_FILES_CHECKPOINT_FILE_H_
#define ARMSTATE_CLIENT_CLI_FILES_CHECKPOINT_FILE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "armstate/v1/checkpoint.pb.h"
#include "client/open_state_file.h"
#include "client/qemu/capture.h"

namespace armstate {

struct LoadedCheckpointFile {
  v1::Checkpoint checkpoint;
  // Remarks about the file for the user.
  std::vector<std::string> notes;
};

// A file that begins with '{' (after white space) is proto3 JSON of armstate.v1.Checkpoint; anything else is a saved
// state (client/open_state_file.h). The source of the latter is filled in as far as it says: hypervisor, machine type,
// and what libvirt knows. `path` may be "-", standard input.
//
// INVALID_ARGUMENT; for a stream with reason STREAM_MALFORMED; what the file system says. All name the file. Only the
// server checks what a checkpoint holds.
absl::StatusOr<LoadedCheckpointFile> LoadCheckpointFile(const std::string& path, const StateFileOptions& options = {});

// The same of a saved state that is to be rewritten. INVALID_ARGUMENT for JSON, which holds none.
struct LoadedStateFile {
  std::unique_ptr<StateFile> file;
  LoadedCheckpointFile loaded;
};
absl::StatusOr<LoadedStateFile> LoadStateFile(const std::string& path, const StateFileOptions& options);

// The checkpoint of a QEMU stream or dump: its vCPUs, and as source the hypervisor and machine type.
LoadedCheckpointFile CheckpointOfCapture(QemuCapture capture);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_CLI_FILES_CHECKPOINT_FILE_H_
