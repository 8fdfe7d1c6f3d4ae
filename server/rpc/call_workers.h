// CallWorkers holds the threads that process calls, and bounds the memory that calls occupy.
#ifndef ARMSTATE_SERVER_RPC_CALL_WORKERS_H_
#define ARMSTATE_SERVER_RPC_CALL_WORKERS_H_

#include <cstddef>
#include <string>

#include "server/rpc/connection_guard.h"
#include "server/rpc/memory_budget.h"
#include "server/rpc/worker_pool.h"
#include "server/security/access_control.h"

namespace armstate {

// gRPC has two threads on a small machine, which read from all connections: a handler that waits for the disk or
// computes for long would stop pushes, watches and health checks. So each call runs on one of these pools, chosen by
// what it may have to wait for; one kind of call does not delay another. The pools also bound the waiting calls of each
// client.
struct CallWorkers {
  // `access` must outlive the object.
  CallWorkers(size_t memory_bytes, const ConnectionGuard::Limits& limits,
              const AccessControl& access = AccessControl::Everything())
      : access(access),
        memory(memory_bytes),
        connections(limits, [this](const std::string& connection) { return memory.CallsOf(connection); }) {}

  // Threads that compute for long leave the processor to those that answer small calls.
  static constexpr int kComputing = 5;

  // Says who may do what.
  const AccessControl& access;
  // The memory of waiting requests and of answers that clients have not received.
  MemoryBudget memory;
  // The memory of incomplete requests, and of calls without a request.
  ConnectionGuard connections;
  // For calls that read a few records.
  WorkerPool reads{2, 512, /*threads_per_client=*/2};
  // For calls that wait for a commit.
  WorkerPool writes{4, 256};
  // For calls that compare, judge, parse large input or read many records. Some of them wait for the disk at the end.
  WorkerPool judging{2, 256, /*threads_per_client=*/1, kComputing};
  // For calls that may wait for the index.
  WorkerPool searches{1, 256, /*threads_per_client=*/1, kComputing};
  // Not for calls: continues push streams, so that the store's completion thread does not have to.
  WorkerPool pushes{1, 0};
  // Not for calls: decodes large requests. Its tasks are bounded by the memory of the requests.
  WorkerPool decoding{2, 0, /*threads_per_client=*/1, kComputing};
  // Only one backup runs at a time: one thread makes it, the other one refuses further requests.
  WorkerPool backups{2, 64, /*threads_per_client=*/2};
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RPC_CALL_WORKERS_H_
