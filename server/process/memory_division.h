// MemoryDivision divides --memory_limit among its consumers.
#ifndef ARMSTATE_SERVER_PROCESS_MEMORY_DIVISION_H_
#define ARMSTATE_SERVER_PROCESS_MEMORY_DIVISION_H_

#include <algorithm>
#include <cstddef>

namespace armstate {

// 64 MiB are reserved for the program itself, which uses 40 to 70 MB when idle. The rest is divided into 32 parts, of
// which each share has several; 2 parts are left for malloc's overhead. Three things are not in any share, because they
// grow with the stored data: the search index (once a search was made), the registered hosts, and what RocksDB keeps
// for each open table (its filter and index, some 2 bytes per key).
struct MemoryDivision {
  explicit MemoryDivision(size_t limit) : MemoryDivision(limit, (limit - ForProgram(limit)) / 32) {}

  // Requests, streams, watches, and answers that clients have not received; see MemoryBudget.
  size_t calls;
  // gRPC's own buffers.
  size_t transport;
  // Answers of searches, cached for further pages.
  size_t search_answers;
  // RocksDB's block cache.
  size_t block_cache;
  // Small records, as they were read.
  size_t record_cache;
  // Full copies that differences refer to; there are two such caches.
  size_t base_cache;
  // Encoded checkpoints that wait for the disk; their requests are in `calls`.
  size_t waiting_writes;
  // RocksDB's memtables, which are not in tables yet.
  size_t memtables;
  // Reserved for the program and for malloc's overhead.
  size_t left;

 private:
  MemoryDivision(size_t limit, size_t part)
      : calls(8 * part),
        transport(6 * part),
        search_answers(2 * part),
        block_cache(3 * part),
        record_cache(part),
        base_cache(2 * part),
        waiting_writes(3 * part),
        memtables(3 * part),
        left(limit - 30 * part) {}

  // Tests use less than armstated requires.
  static size_t ForProgram(size_t limit) { return std::min(limit / 8, size_t{64} << 20); }
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROCESS_MEMORY_DIVISION_H_
