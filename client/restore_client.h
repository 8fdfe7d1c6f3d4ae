// `RestoreClient` asks the server whether a target accepts a checkpoint.
#ifndef ARMSTATE_CLIENT_RESTORE_CLIENT_H_
#define ARMSTATE_CLIENT_RESTORE_CLIENT_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "armstate/v1/restore_service.grpc.pb.h"
#include "client/connection.h"

namespace armstate {

// A refusal is an answer, not an error: see the verdict in the response's report.
//
// Every call answers with the server's absl::Status, whose reason GetErrorInfo (core/error.h) reads. The client checks
// nothing: the limits and errors are documented in proto/armstate/v1/restore_service.proto.
//
// Thread-safe. Cheap to copy.
class RestoreClient {
 public:
  explicit RestoreClient(const Connection& connection);
  // For tests: any stub, e.g. v1::MockRestoreServiceStub.
  RestoreClient(std::shared_ptr<v1::RestoreService::StubInterface> stub, absl::Duration call_timeout);

  // These three give all pages as one answer.
  absl::StatusOr<v1::ValidateCheckpointResponse> ValidateCheckpoint(v1::ValidateCheckpointRequest request) const;
  absl::StatusOr<v1::PlanRestoreResponse> PlanRestore(v1::PlanRestoreRequest request) const;
  absl::StatusOr<v1::ConvertCheckpointResponse> ConvertCheckpoint(v1::ConvertCheckpointRequest request) const;
  absl::StatusOr<v1::FindRestoreTargetsResponse> FindRestoreTargets(const v1::FindRestoreTargetsRequest& request) const;
  absl::StatusOr<v1::ComputeBaselineResponse> ComputeBaseline(const v1::ComputeBaselineRequest& request) const;
  absl::StatusOr<v1::Restore> CreateRestore(const v1::CreateRestoreRequest& request) const;
  absl::StatusOr<v1::ListRestoresResponse> ListRestores(const v1::ListRestoresRequest& request) const;

 private:
  std::shared_ptr<v1::RestoreService::StubInterface> stub_;
  absl::Duration call_timeout_;
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_RESTORE_CLIENT_H_
