// CallWorkers has the threads on which calls are worked on, and bounds what they keep.
#ifndef ARMSTATE_SERVER_RPC_CALL_WORKERS_H_
#define ARMSTATE_SERVER_RPC_CALL_WORKERS_H_

#include <cstddef>

#include "server/rpc/connection_guard.h"
#include "server/rpc/memory_budget.h"
#include "server/rpc/worker_pool.h"

namespace armstate {

// gRPC has two threads on a small machine, which read from all connections: whatever waits for the disk there or thinks
// for long stops pushes, watches and health checks. So a call goes to one of these, by what it may have to wait for;
// one kind of calls does not hold up another. What each client does that waits is bounded, too.
struct CallWorkers {
  CallWorkers(size_t memory_bytes, const ConnectionGuard::Limits& limits) : memory(memory_bytes), connections(limits) {}

  // Of requests that wait, and of answers that were not taken.
  MemoryBudget memory;
  // Of requests that have not come to their end, and of calls that have not come to a request.
  ConnectionGuard connections;
  // Reads a few records.
  WorkerPool reads{2, 512, /*threads_per_client=*/2};
  // Waits until something is on disk.
  WorkerPool writes{4, 256};
  // Compares, judges, parses what is large, goes through many records. Some of it waits for the disk at its end.
  WorkerPool judging{2, 256};
  // May wait for the index.
  WorkerPool searches{1, 256};
  // Not calls: goes on with pushes for the store's thread that tells how they ended.
  WorkerPool pushes{1, 0};
  // There is one backup at a time: one thread makes it, the other one says so.
  WorkerPool backups{2, 64, /*threads_per_client=*/2};
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RPC_CALL_WORKERS_H_
