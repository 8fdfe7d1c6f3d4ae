#include "client/checkpoint_client.h"

#include <utility>

#include "client/internal/request_id.h"
#include "client/internal/unary_call.h"

namespace armstate {

CheckpointClient::CheckpointClient(const Connection& connection)
    : CheckpointClient(v1::CheckpointService::NewStub(connection.channel()), connection.call_timeout()) {}

CheckpointClient::CheckpointClient(std::shared_ptr<v1::CheckpointService::StubInterface> stub,
                                   absl::Duration call_timeout)
    : stub_(std::move(stub)), call_timeout_(call_timeout) {}

absl::StatusOr<v1::Checkpoint> CheckpointClient::CreateCheckpoint(v1::CreateCheckpointRequest request) const {
  if (request.request_id().empty()) request.set_request_id(internal::NewRequestId());
  return internal::UnaryCall(*stub_, &v1::CheckpointService::StubInterface::CreateCheckpoint, request, call_timeout_);
}

absl::StatusOr<v1::Checkpoint> CheckpointClient::GetCheckpoint(const v1::GetCheckpointRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::CheckpointService::StubInterface::GetCheckpoint, request, call_timeout_);
}

absl::StatusOr<v1::Checkpoint> CheckpointClient::UpdateCheckpoint(const v1::UpdateCheckpointRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::CheckpointService::StubInterface::UpdateCheckpoint, request, call_timeout_);
}

absl::Status CheckpointClient::DeleteCheckpoint(const v1::DeleteCheckpointRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::CheckpointService::StubInterface::DeleteCheckpoint, request, call_timeout_)
      .status();
}

absl::StatusOr<v1::Vm> CheckpointClient::GetVm(const v1::GetVmRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::CheckpointService::StubInterface::GetVm, request, call_timeout_);
}

absl::StatusOr<v1::Vm> CheckpointClient::UpdateVm(const v1::UpdateVmRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::CheckpointService::StubInterface::UpdateVm, request, call_timeout_);
}

absl::Status CheckpointClient::DeleteVm(const v1::DeleteVmRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::CheckpointService::StubInterface::DeleteVm, request, call_timeout_).status();
}

absl::StatusOr<std::vector<v1::Checkpoint>> CheckpointClient::ListCheckpoints(
    v1::ListCheckpointsRequest request) const {
  std::vector<v1::Checkpoint> all;
  const absl::Status status = internal::ForEachPage(
      std::move(request),
      [this](const v1::ListCheckpointsRequest& page) {
        return internal::UnaryCall(*stub_, &v1::CheckpointService::StubInterface::ListCheckpoints, page, call_timeout_);
      },
      [&all](v1::ListCheckpointsResponse& response) {
        for (v1::Checkpoint& item : *response.mutable_checkpoints()) all.push_back(std::move(item));
      });
  if (!status.ok()) return status;
  return all;
}

absl::StatusOr<std::vector<v1::Vm>> CheckpointClient::ListVms(v1::ListVmsRequest request) const {
  std::vector<v1::Vm> all;
  const absl::Status status = internal::ForEachPage(
      std::move(request),
      [this](const v1::ListVmsRequest& page) {
        return internal::UnaryCall(*stub_, &v1::CheckpointService::StubInterface::ListVms, page, call_timeout_);
      },
      [&all](v1::ListVmsResponse& response) {
        for (v1::Vm& item : *response.mutable_vms()) all.push_back(std::move(item));
      });
  if (!status.ok()) return status;
  return all;
}

}  // namespace armstate
