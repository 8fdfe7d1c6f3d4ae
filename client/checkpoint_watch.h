// `CheckpointWatch` follows the checkpoints that are stored and deleted, across reconnects.
#ifndef ARMSTATE_CLIENT_CHECKPOINT_WATCH_H_
#define ARMSTATE_CLIENT_CHECKPOINT_WATCH_H_

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "armstate/v1/checkpoint_service.grpc.pb.h"
#include "client/connection.h"
#include "grpcpp/client_context.h"

namespace armstate {

// Example:
//   v1::WatchCheckpointsRequest request;
//   request.set_parent("vms/-");
//   CheckpointWatch watch(connection, request);
//   while (true) {
//     absl::StatusOr<v1::CheckpointEvent> event = watch.Next();
//     if (!event.ok()) return event.status();
//     if (event->kind() == v1::CheckpointEvent::KIND_CREATED) Use(event->checkpoint());
//   }
//
// Messages come in the order of commit, each once. The first one is of type PROGRESS: it says that the watch has begun,
// and others may follow when nothing else happens. When the server goes away or says WATCHER_TOO_SLOW after that, the
// watch calls again with the last resume token, for as long as it takes.
//
// Few messages are read ahead; the rest waits in the server.
//
// Thread-safe.
class CheckpointWatch {
 public:
  struct Options {
    // Pause before the watch calls again; doubles up to the maximum as long as no message comes.
    absl::Duration initial_backoff = absl::Milliseconds(100);
    absl::Duration max_backoff = absl::Seconds(2);
    // Called by another thread whenever a call has ended and will be made again, with why.
    std::function<void(const absl::Status&)> on_reconnect = {};
  };

  CheckpointWatch(const Connection& connection, v1::WatchCheckpointsRequest request)
      : CheckpointWatch(connection, std::move(request), Options()) {}
  CheckpointWatch(const Connection& connection, v1::WatchCheckpointsRequest request, Options options);
  // For tests: any stub.
  CheckpointWatch(std::shared_ptr<v1::CheckpointService::StubInterface> stub, v1::WatchCheckpointsRequest request,
                  Options options);
  // As Stop(), and waits until the call has ended.
  ~CheckpointWatch();

  CheckpointWatch(const CheckpointWatch&) = delete;
  CheckpointWatch& operator=(const CheckpointWatch&) = delete;

  // Waits for the next message. Errors:
  // * DEADLINE_EXCEEDED: none came until `deadline`. Call again: nothing is lost.
  // * CANCELLED: Stop() was called.
  // * what WatchCheckpoints answers, where another call would not help; UNAVAILABLE before the first message. Then so
  //   do all further calls.
  absl::StatusOr<v1::CheckpointEvent> Next(absl::Time deadline = absl::InfiniteFuture());

  // Ends the watch, and Next() in other threads.
  void Stop();

  // Of the last message that Next() has given; before the first, that of the request.
  std::string resume_token() const;

 private:
  void Run();
  // One call, from its beginning to its end.
  absl::Status ReadOnce();
  // Waits until there is room. False if the watch was stopped.
  bool Add(v1::CheckpointEvent message);
  bool stopped() const;

  const std::shared_ptr<v1::CheckpointService::StubInterface> stub_;
  const Options options_;
  // Of the thread alone: resume_token is that of the last message that was read.
  v1::WatchCheckpointsRequest request_;
  bool begun_ = false;
  bool read_any_ = false;  // in the call that is under way

  mutable absl::Mutex mutex_;
  absl::CondVar changed_;
  std::deque<v1::CheckpointEvent> messages_ ABSL_GUARDED_BY(mutex_);
  absl::Status end_ ABSL_GUARDED_BY(mutex_);  // not OK: nothing follows `messages_`
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::string resume_token_ ABSL_GUARDED_BY(mutex_);
  grpc::ClientContext* call_ ABSL_GUARDED_BY(mutex_) = nullptr;  // the one that is under way

  std::thread thread_;
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_CHECKPOINT_WATCH_H_
