// Many clients that call a server as fast as it answers.
#ifndef ARMSTATE_TESTS_BENCHMARKS_LOAD_H_
#define ARMSTATE_TESTS_BENCHMARKS_LOAD_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "armstate/v1/checkpoint_service.grpc.pb.h"

namespace armstate {

struct LoadOptions {
  std::string address;
  // Whose CPU time is counted.
  pid_t server = 0;
  // Each has a connection of its own; of unary calls one on its way, of a stream as many items as the stream takes.
  int clients = 1;
  absl::Duration warm_up = absl::Milliseconds(500);
  absl::Duration duration = absl::Seconds(3);
};

struct LoadResult {
  double per_second = 0;
  // Of a call, or of an item of a stream until it is acknowledged.
  absl::Duration p50;
  absl::Duration p99;
  // CPU time of the server for each.
  absl::Duration server_cpu;
  absl::Duration client_cpu;
  int64_t failed = 0;
  std::string first_error = {};
};

// The next request of a client (0, 1 ...): called from one thread at a time for each client.
using NextCreate = std::function<v1::CreateCheckpointRequest(int client)>;
using NextGet = std::function<std::string(int client)>;

LoadResult LoadCreate(const LoadOptions& options, const NextCreate& next);
// By the client library's stream. A client's next request is made by a thread of its own.
LoadResult LoadStream(const LoadOptions& options, const NextCreate& next);
// Of a checkpoint by its name.
LoadResult LoadGet(const LoadOptions& options, const NextGet& next);

// CPU time that a process has taken so far; its memory in bytes (resident).
absl::Duration CpuTimeOf(pid_t process);
int64_t MemoryOf(pid_t process);

// Counts what ends within a window of time. Thread-safe.
class LoadMeter {
 public:
  explicit LoadMeter(const LoadOptions& options);
  ~LoadMeter();

  // One that began then has ended. False if the load is to end.
  bool End(absl::Time begin, const std::string& error);
  // Waits for the end of the window.
  void Wait();
  // After Wait, when nothing ends any more.
  LoadResult Result();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace armstate

#endif  // ARMSTATE_TESTS_BENCHMARKS_LOAD_H_
