// How --memory_limit is divided.
#ifndef ARMSTATE_SERVER_PROCESS_MEMORY_DIVISION_H_
#define ARMSTATE_SERVER_PROCESS_MEMORY_DIVISION_H_

#include <algorithm>
#include <cstddef>

namespace armstate {

// 64 MiB are for the program itself, which has 40 to 70 MB when it does nothing. Of the rest each share is some of 32
// parts; 2 parts are left for what malloc loses. Three things are in no share, as they grow with what is stored: the
// search index, once somebody has searched, the registered hosts, and what RocksDB keeps of each open table (its filter
// and index, some 2 bytes for each key).
struct MemoryDivision {
  explicit MemoryDivision(size_t limit) : MemoryDivision(limit, (limit - ForProgram(limit)) / 32) {}

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
  // Checkpoints that wait for the disk, encoded; their requests are in `calls`.
  size_t waiting_writes;
  // What RocksDB has not written into tables yet.
  size_t memtables;
  // For the program, and what malloc loses.
  size_t left;

 private:
  MemoryDivision(size_t limit, size_t part)
      : calls(8 * part),
        transport(6 * part),
        search_answers(2 * part),
        block_cache(4 * part),
        base_cache(2 * part),
        waiting_writes(3 * part),
        memtables(3 * part),
        left(limit - 30 * part) {}

  // Tests give less than armstated takes.
  static size_t ForProgram(size_t limit) { return std::min(limit / 8, size_t{64} << 20); }
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROCESS_MEMORY_DIVISION_H_
