// `CommitCheckpoints` stores checkpoints of Linux guests, many at once, and measures what that takes.
#ifndef ARMSTATE_TESTS_BENCHMARKS_COMMIT_LOAD_H_
#define ARMSTATE_TESTS_BENCHMARKS_COMMIT_LOAD_H_

#include <vector>

#include "core/register_list.h"
#include "storage/repository/checkpoint_repository.h"
#include "tests/testing/linux_checkpoints.h"

namespace armstate {

// The lists of 1000 checkpoints, which are made before the clock runs.
using PreparedCheckpoints = std::vector<std::vector<RegisterList>>;
PreparedCheckpoints Prepare(const LinuxGuests& linux);

struct CommitTime {
  double seconds = 0;
  double cpu_seconds = 0;  // of all threads of the process
};

// Stores `count` checkpoints of so many guests, guest by guest and each guest's in their order, at most `in_flight` at
// a time, and waits for all. Prints failures.
CommitTime CommitCheckpoints(CheckpointRepository& repository, const PreparedCheckpoints& prepared, int in_flight,
                             int guests, int count);

}  // namespace armstate

#endif  // ARMSTATE_TESTS_BENCHMARKS_COMMIT_LOAD_H_
