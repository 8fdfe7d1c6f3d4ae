// `EngineClient` controls machines that the server's own engine hosts.
#ifndef ARMSTATE_CLIENT_ENGINE_CLIENT_H_
#define ARMSTATE_CLIENT_ENGINE_CLIENT_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "armstate/v1/engine_service.grpc.pb.h"
#include "client/connection.h"

namespace armstate {

// Every call answers with the server's absl::Status, whose reason GetErrorInfo (core/error.h) reads. The client checks
// nothing: the limits and errors are documented in proto/armstate/v1/engine_service.proto.
//
// Thread-safe. Cheap to copy.
class EngineClient {
 public:
  explicit EngineClient(const Connection& connection);
  // For tests: any stub, e.g. v1::MockEngineServiceStub.
  EngineClient(std::shared_ptr<v1::EngineService::StubInterface> stub, absl::Duration call_timeout);

  // Not tried again when the server is UNAVAILABLE: the machine may have been made.
  absl::StatusOr<v1::Machine> CreateMachine(const v1::CreateMachineRequest& request) const;

  absl::StatusOr<v1::Machine> GetMachine(const v1::GetMachineRequest& request) const;
  // All pages from request.page_token on.
  absl::StatusOr<std::vector<v1::Machine>> ListMachines(v1::ListMachinesRequest request = {}) const;

  // Not tried again when the server is UNAVAILABLE.
  absl::Status DeleteMachine(const v1::DeleteMachineRequest& request) const;

  absl::StatusOr<v1::ReadRegistersResponse> ReadRegisters(const v1::ReadRegistersRequest& request) const;
  absl::StatusOr<v1::WriteRegistersResponse> WriteRegisters(const v1::WriteRegistersRequest& request) const;
  absl::StatusOr<v1::Machine> ResetMachine(const v1::ResetMachineRequest& request) const;
  // A request without request_id gets a random one, which all attempts share.
  absl::StatusOr<v1::Checkpoint> CaptureMachine(v1::CaptureMachineRequest request) const;

  absl::StatusOr<v1::RestoreMachineResponse> RestoreMachine(const v1::RestoreMachineRequest& request) const;

 private:
  std::shared_ptr<v1::EngineService::StubInterface> stub_;
  absl::Duration call_timeout_;
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_ENGINE_CLIENT_H_
