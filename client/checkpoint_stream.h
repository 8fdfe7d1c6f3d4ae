// `CheckpointStream` pushes many checkpoints over one call.
#ifndef ARMSTATE_CLIENT_CHECKPOINT_STREAM_H_
#define ARMSTATE_CLIENT_CHECKPOINT_STREAM_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "armstate/v1/checkpoint_service.grpc.pb.h"
#include "client/connection.h"

namespace armstate {

// One call of StreamCheckpoints. Of any VMs mixed; those of one VM are stored in the order in which they were pushed.
//
// Example:
//   CheckpointStream stream(connection, [](int64_t item, absl::StatusOr<v1::Checkpoint> stored) { ... });
//   for (v1::CreateCheckpointRequest& request : requests) {
//     if (!stream.Push(std::move(request)).ok()) break;
//   }
//   absl::Status status = stream.Finish();
//
// Each item succeeds or fails by itself: the callback tells. The stream itself breaks when the connection does, or the
// server goes away; then Push and Finish fail, and it is not known of the items without an acknowledgement whether they
// are stored. All carry a request ID, so they may be sent again, and are stored once:
//
//   std::vector<v1::CreateCheckpointRequest> again = stream.TakeUnacknowledged();
//   CheckpointStream next(connection, callback);   // and push these first, in their order
//
// Thread-safe, but items are in the order of the calls.
class CheckpointStream {
 public:
  // The server accepts so much before it answers; Push waits above it.
  static constexpr size_t kMaxUnacknowledged = 256;
  static constexpr size_t kMaxUnacknowledgedBytes = size_t{64} << 20;

  // An item was acknowledged: only name, version, create_time, vcpu_count and register_count of the checkpoint are set.
  // Or it failed, as CreateCheckpoint would have. Called from a thread of gRPC, one at a time, in the server's order;
  // must not block, nor call the stream.
  using Acknowledged = std::function<void(int64_t item, absl::StatusOr<v1::Checkpoint> stored)>;

  CheckpointStream(const Connection& connection, Acknowledged acknowledged);
  // For tests.
  CheckpointStream(std::shared_ptr<v1::CheckpointService::StubInterface> stub, Acknowledged acknowledged);
  // Cancels the call if it still runs, and waits for its end.
  ~CheckpointStream();

  // Sends a checkpoint, after waiting until there is room for it; answers its number: 0, 1, 2 ... A request without
  // request_id gets a random one. The stream's error if it is broken; then the request is among TakeUnacknowledged.
  // INVALID_ARGUMENT, reason FIELD_INVALID, if it is larger than a message (kMaxMessageBytes); then it is not, and the
  // stream goes on.
  absl::StatusOr<int64_t> Push(v1::CreateCheckpointRequest request);

  // Waits until all is acknowledged, and ends the stream. OK if all was, however each item ended.
  absl::Status Finish();

  // After Push or Finish failed: what has no acknowledgement, in the order of Push. Waits for the end of the call.
  std::vector<v1::CreateCheckpointRequest> TakeUnacknowledged();

 private:
  class Call;
  std::unique_ptr<Call> call_;
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_CHECKPOINT_STREAM_H_
