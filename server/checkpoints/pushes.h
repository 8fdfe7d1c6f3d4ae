// CheckpointPushes implements StreamCheckpoints: many CreateCheckpoint requests over one call.
#ifndef ARMSTATE_SERVER_CHECKPOINTS_PUSHES_H_
#define ARMSTATE_SERVER_CHECKPOINTS_PUSHES_H_

#include <cstddef>
#include <functional>
#include <string>
#include <unordered_set>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "armstate/v1/checkpoint_service.pb.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/rpc/call_workers.h"
#include "server/security/access_control.h"
#include "storage/repository/checkpoint_repository.h"

namespace armstate {

class PushStream;

// Holds the running streams. The comment of the RPC says what a stream guarantees. Thread-safe.
class CheckpointPushes {
 public:
  // The reactor gets each StreamCheckpointsRequest as bytes.
  using Reactor = grpc::ServerBidiReactor<grpc::ByteBuffer, v1::StreamCheckpointsResponse>;

  // A stream reads the next message only while it is below both limits.
  static constexpr int kMaxUnanswered = 256;
  static constexpr size_t kMaxUnansweredBytes = size_t{64} << 20;
  // The limit of one message.
  static constexpr int kMaxRequests = 256;

  // Both arguments must outlive the object, and the object must outlive all streams.
  CheckpointPushes(CheckpointRepository& repository, CallWorkers& workers)
      : repository_(repository), workers_(workers) {}

  // Starts one call; the reactor deletes itself when the call has ended. Streams of one connection share its part of
  // the memory budget. When it is used up, a stream reads on only while it has nothing unanswered; if that message is
  // also too large, the stream ends with RESOURCE_EXHAUSTED, reason SERVER_BUSY. `connection`: see ConnectionOf.
  // `end_untaken` ends the call if its client does not accept acknowledgements and the memory is needed; see
  // EndOfUntaken. Requests that the caller may not make are answered with PERMISSION_DENIED each.
  Reactor* Open(const std::string& connection, std::function<void()> end_untaken, Access access);

  // Stops all streams from reading, answers what they have read, and ends them with UNAVAILABLE. Without it a shutdown
  // would have to wait for clients that push continuously.
  void Drain();

 private:
  friend class PushStream;
  void Remove(PushStream* stream);

  CheckpointRepository& repository_;
  CallWorkers& workers_;
  absl::Mutex mutex_;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  std::unordered_set<PushStream*> streams_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_CHECKPOINTS_PUSHES_H_
