// StreamCheckpoints: many CreateCheckpoint over one call.
#ifndef ARMSTATE_SERVER_CHECKPOINTS_PUSHES_H_
#define ARMSTATE_SERVER_CHECKPOINTS_PUSHES_H_

#include <cstddef>
#include <unordered_set>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "armstate/v1/checkpoint_service.pb.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/rpc/call_workers.h"
#include "storage/repository/checkpoint_repository.h"

namespace armstate {

class PushStream;

// The running streams. What a stream promises is in the comment of the RPC. Thread-safe.
class CheckpointPushes {
 public:
  // It gets each StreamCheckpointsRequest as bytes.
  using Reactor = grpc::ServerBidiReactor<grpc::ByteBuffer, v1::StreamCheckpointsResponse>;

  // A stream reads on only below both.
  static constexpr int kMaxUnanswered = 256;
  static constexpr size_t kMaxUnansweredBytes = size_t{64} << 20;
  // Of one message.
  static constexpr int kMaxRequests = 256;

  // Both must outlive it, and it all streams.
  CheckpointPushes(CheckpointRepository& repository, CallWorkers& workers)
      : repository_(repository), workers_(workers) {}

  // One call; the reactor goes by itself when that has ended. Streams of one connection take from its part of the
  // memory; while there is none left, a stream reads on only when it has nothing unanswered. If what it reads then is
  // too much, too, it ends with RESOURCE_EXHAUSTED, reason SERVER_BUSY.
  Reactor* Open(grpc::CallbackServerContext& context);

  // From now on streams read nothing more, answer what they have read and end as UNAVAILABLE: else a server that is
  // going away would have to wait for clients that push all the time.
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
