// `CheckpointClient` stores and reads checkpoints.
#ifndef ARMSTATE_CLIENT_CHECKPOINT_CLIENT_H_
#define ARMSTATE_CLIENT_CHECKPOINT_CLIENT_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "armstate/v1/checkpoint_service.grpc.pb.h"
#include "client/connection.h"

namespace armstate {

// Example:
//   CheckpointClient client(connection);
//   v1::CreateCheckpointRequest request;
//   request.set_parent("vms/web-1");
//   *request.mutable_checkpoint() = std::move(checkpoint);
//   absl::StatusOr<v1::Checkpoint> stored = client.CreateCheckpoint(std::move(request));
//
// Every call answers with the server's absl::Status, whose reason GetErrorInfo (core/error.h) reads. The client checks
// nothing: the limits and errors are documented in proto/armstate/v1/checkpoint_service.proto.
//
// Thread-safe. Cheap to copy.
class CheckpointClient {
 public:
  explicit CheckpointClient(const Connection& connection);
  // For tests: any stub, e.g. v1::MockCheckpointServiceStub.
  CheckpointClient(std::shared_ptr<v1::CheckpointService::StubInterface> stub, absl::Duration call_timeout);

  // A request without request_id gets a random one, which all attempts share, so that the checkpoint is stored once.
  absl::StatusOr<v1::Checkpoint> CreateCheckpoint(v1::CreateCheckpointRequest request) const;

  absl::StatusOr<v1::Checkpoint> GetCheckpoint(const v1::GetCheckpointRequest& request) const;
  absl::StatusOr<v1::Checkpoint> UpdateCheckpoint(const v1::UpdateCheckpointRequest& request) const;
  // Not tried again when the server is UNAVAILABLE.
  absl::Status DeleteCheckpoint(const v1::DeleteCheckpointRequest& request) const;

  absl::StatusOr<v1::Vm> GetVm(const v1::GetVmRequest& request) const;
  // A call that ends DEADLINE_EXCEEDED has changed the rules, but not yet deleted all that they do not keep.
  absl::StatusOr<v1::Vm> UpdateVm(const v1::UpdateVmRequest& request) const;
  // Not tried again when the server is UNAVAILABLE: by then the name may be another VM's.
  absl::Status DeleteVm(const v1::DeleteVmRequest& request) const;

  // All pages from request.page_token on, in the BASIC view. What is stored meanwhile may or may not be in.
  absl::StatusOr<std::vector<v1::Checkpoint>> ListCheckpoints(v1::ListCheckpointsRequest request = {}) const;

  // All pages from request.page_token on.
  absl::StatusOr<std::vector<v1::Vm>> ListVms(v1::ListVmsRequest request = {}) const;

  // All pages from request.page_token on, joined. What `latest` stands for is that of the first page.
  absl::StatusOr<v1::CompareCheckpointsResponse> CompareCheckpoints(v1::CompareCheckpointsRequest request) const;

  // All pages from request.page_token on, joined.
  absl::StatusOr<v1::ListRegisterHistoryResponse> ListRegisterHistory(v1::ListRegisterHistoryRequest request) const;

  // One page.
  absl::StatusOr<v1::SearchRegistersResponse> SearchRegisters(const v1::SearchRegistersRequest& request) const;

  // The first `limit` checkpoints from request.page_token on: as many pages as that takes, joined, whatever
  // request.page_size is. next_page_token is empty if that was all. The total is the first page's, scanned_checkpoints
  // the sum.
  absl::StatusOr<v1::SearchRegistersResponse> SearchRegisters(v1::SearchRegistersRequest request, int64_t limit) const;

 private:
  std::shared_ptr<v1::CheckpointService::StubInterface> stub_;
  absl::Duration call_timeout_;
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_CHECKPOINT_CLIENT_H_
