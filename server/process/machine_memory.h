// MachineMemory tells how much memory this process can have at most.
#ifndef ARMSTATE_SERVER_PROCESS_MACHINE_MEMORY_H_
#define ARMSTATE_SERVER_PROCESS_MACHINE_MEMORY_H_

#include <cstddef>
#include <string>

#include "absl/types/optional.h"

namespace armstate {

struct MemoryBound {
  size_t bytes = 0;
  // The file that says so: "/proc/meminfo", or one of a control group, whose limit is lower.
  std::string file;
};

// The machine's memory, or the least limit of the control groups (version 1 or 2) that the process is in. Nothing if
// no file can be read. `root` is before all paths, for tests.
absl::optional<MemoryBound> MachineMemory(const std::string& root = "");

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROCESS_MACHINE_MEMORY_H_
