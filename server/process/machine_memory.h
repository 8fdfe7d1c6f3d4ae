// MachineMemory determines how much memory this process can have at most.
#ifndef ARMSTATE_SERVER_PROCESS_MACHINE_MEMORY_H_
#define ARMSTATE_SERVER_PROCESS_MACHINE_MEMORY_H_

#include <cstddef>
#include <string>

#include "absl/types/optional.h"

namespace armstate {

struct MemoryBound {
  size_t bytes = 0;
  // The file with the limit: "/proc/meminfo", or that of a control group with a lower limit.
  std::string file;
};

// Returns the machine's memory, or the lowest limit of the control groups (version 1 or 2) that contain the process.
// Unset if no file can be read. `root` is a prefix of all paths, for tests.
absl::optional<MemoryBound> MachineMemory(const std::string& root = "");

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROCESS_MACHINE_MEMORY_H_
