// How --memory_limit is divided.
#ifndef ARMSTATE_SERVER_MEMORY_DIVISION_H_
#define ARMSTATE_SERVER_MEMORY_DIVISION_H_

#include <cstddef>

namespace armstate {

// What is left, 3/16, is for the program, RocksDB's memtables and what malloc loses. Two things are in none of it, as
// they grow with what is stored: the search index, once somebody has searched, and the registered hosts.
struct MemoryDivision {
  explicit MemoryDivision(size_t limit)
      : calls(limit / 4),
        transport(limit / 4),
        search_answers(limit / 16),
        block_cache(limit / 8),
        base_cache(limit / 16) {}

  // Requests, streams, watches, and answers that clients have not taken: see MemoryBudget.
  size_t calls;
  // gRPC's own buffers.
  size_t transport;
  // Of searches, kept for further pages.
  size_t search_answers;
  // RocksDB's.
  size_t block_cache;
  // Full copies that differences are made to; there are two such caches.
  size_t base_cache;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_MEMORY_DIVISION_H_
