// `OpenStateFile` opens a VM's saved state in any form; docs/formats.md has the table of forms.
#ifndef ARMSTATE_CLIENT_OPEN_STATE_FILE_H_
#define ARMSTATE_CLIENT_OPEN_STATE_FILE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "client/files/input_file.h"
#include "client/formats/state_file.h"

namespace armstate {

struct StateFileOptions {
  // The name or ID of a qcow2 image's internal snapshot; empty: the only one.
  std::string snapshot;
  // The offset of QEMU's stream behind data other than zeros, as of `file:PATH,offset=N`.
  absl::optional<uint64_t> offset;
};

// `path` is for messages and forms that name a file. Only the first bytes of the stream are examined.
//
// Errors: INVALID_ARGUMENT, with what the file is and what to do; NOT_FOUND if there is no such snapshot;
// RESOURCE_EXHAUSTED if it unpacks to more than 1 TiB, or what the system says of a temporary file.
absl::StatusOr<std::unique_ptr<StateFile>> OpenStateFile(InputFile file, const std::string& path,
                                                         const StateFileOptions& options);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_OPEN_STATE_FILE_H_
