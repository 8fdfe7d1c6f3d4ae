// Opens a VM's saved state, whatever form it is in: the table is in docs/formats.md.
#ifndef ARMSTATE_CLIENT_OPEN_STATE_FILE_H_
#define ARMSTATE_CLIENT_OPEN_STATE_FILE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/files/input_file.h"
#include "client/formats/state_file.h"

namespace armstate {

struct StateFileOptions {
  // The name or ID of a qcow2 image's internal snapshot; empty: the only one.
  std::string snapshot;
};

// `path` is for what cannot be told from the file itself. The stream in it is not looked at beyond its first bytes.
//
// Errors: INVALID_ARGUMENT, with what the file is and what to do; NOT_FOUND if there is no such snapshot;
// RESOURCE_EXHAUSTED if it unpacks to more than 1 TiB, or what the system says of a temporary file.
absl::StatusOr<std::unique_ptr<StateFile>> OpenStateFile(InputFile file, const std::string& path,
                                                         const StateFileOptions& options);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_OPEN_STATE_FILE_H_
