// `CommitStatistics` counts what the commit queue has done since the store was opened.
#ifndef ARMSTATE_STORAGE_COMMIT_STATISTICS_H_
#define ARMSTATE_STORAGE_COMMIT_STATISTICS_H_

#include <array>
#include <cstdint>

#include "absl/time/time.h"

namespace armstate {

// Counts by powers of two: counts[0] of 0, counts[i] of values from 2^(i-1) to 2^i - 1. The last one is of all above.
struct PowerHistogram {
  std::array<int64_t, 32> counts = {};

  void Add(int64_t value) {
    size_t i = 0;
    for (; value > 0 && i + 1 < counts.size(); value >>= 1) ++i;
    ++counts[i];
  }
};

struct CommitStatistics {
  // Commits and deletions that were written, and in how many writes to disk.
  int64_t operations = 0;
  int64_t writes = 0;
  // The number of writes that failed.
  int64_t failed_writes = 0;
  // As RocksDB got them, uncompressed.
  int64_t written_bytes = 0;
  // Write and sync together.
  absl::Duration write_time;
  // Operations in one write.
  PowerHistogram batch_sizes;
  PowerHistogram write_microseconds;
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_COMMIT_STATISTICS_H_
