#include "client/restore_client.h"

#include <utility>

#include "client/internal/unary_call.h"

namespace armstate {

RestoreClient::RestoreClient(const Connection& connection)
    : RestoreClient(v1::RestoreService::NewStub(connection.channel()), connection.call_timeout()) {}

RestoreClient::RestoreClient(std::shared_ptr<v1::RestoreService::StubInterface> stub, absl::Duration call_timeout)
    : stub_(std::move(stub)), call_timeout_(call_timeout) {}

absl::StatusOr<v1::ValidateCheckpointResponse> RestoreClient::ValidateCheckpoint(
    const v1::ValidateCheckpointRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::RestoreService::StubInterface::ValidateCheckpoint, request, call_timeout_);
}

absl::StatusOr<v1::PlanRestoreResponse> RestoreClient::PlanRestore(const v1::PlanRestoreRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::RestoreService::StubInterface::PlanRestore, request, call_timeout_);
}

absl::StatusOr<v1::ConvertCheckpointResponse> RestoreClient::ConvertCheckpoint(
    const v1::ConvertCheckpointRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::RestoreService::StubInterface::ConvertCheckpoint, request, call_timeout_);
}

absl::StatusOr<v1::FindRestoreTargetsResponse> RestoreClient::FindRestoreTargets(
    const v1::FindRestoreTargetsRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::RestoreService::StubInterface::FindRestoreTargets, request, call_timeout_);
}

absl::StatusOr<v1::ComputeBaselineResponse> RestoreClient::ComputeBaseline(
    const v1::ComputeBaselineRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::RestoreService::StubInterface::ComputeBaseline, request, call_timeout_);
}

absl::StatusOr<v1::RestoreRecord> RestoreClient::ReportRestore(const v1::ReportRestoreRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::RestoreService::StubInterface::ReportRestore, request, call_timeout_);
}

absl::StatusOr<v1::ListRestoresResponse> RestoreClient::ListRestores(const v1::ListRestoresRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::RestoreService::StubInterface::ListRestores, request, call_timeout_);
}

}  // namespace armstate
