#include "client/engine_client.h"

#include <utility>

#include "client/request_id.h"
#include "client/unary_call.h"

namespace armstate {

EngineClient::EngineClient(const Connection& connection)
    : EngineClient(v1::EngineService::NewStub(connection.channel()), connection.call_timeout()) {}

EngineClient::EngineClient(std::shared_ptr<v1::EngineService::StubInterface> stub, absl::Duration call_timeout)
    : stub_(std::move(stub)), call_timeout_(call_timeout) {}

absl::StatusOr<v1::Machine> EngineClient::CreateMachine(const v1::CreateMachineRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::EngineService::StubInterface::CreateMachine, request, call_timeout_);
}

absl::StatusOr<v1::Machine> EngineClient::GetMachine(const v1::GetMachineRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::EngineService::StubInterface::GetMachine, request, call_timeout_);
}

absl::StatusOr<std::vector<v1::Machine>> EngineClient::ListMachines(v1::ListMachinesRequest request) const {
  std::vector<v1::Machine> all;
  const absl::Status status = internal::ForEachPage(
      std::move(request),
      [this](const v1::ListMachinesRequest& page) {
        return internal::UnaryCall(*stub_, &v1::EngineService::StubInterface::ListMachines, page, call_timeout_);
      },
      [&all](v1::ListMachinesResponse& response) {
        for (v1::Machine& item : *response.mutable_machines()) all.push_back(std::move(item));
      });
  if (!status.ok()) return status;
  return all;
}

absl::Status EngineClient::DeleteMachine(const v1::DeleteMachineRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::EngineService::StubInterface::DeleteMachine, request, call_timeout_).status();
}

absl::StatusOr<v1::ReadRegistersResponse> EngineClient::ReadRegisters(const v1::ReadRegistersRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::EngineService::StubInterface::ReadRegisters, request, call_timeout_);
}

absl::StatusOr<v1::WriteRegistersResponse> EngineClient::WriteRegisters(
    const v1::WriteRegistersRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::EngineService::StubInterface::WriteRegisters, request, call_timeout_);
}

absl::StatusOr<v1::Machine> EngineClient::ResetMachine(const v1::ResetMachineRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::EngineService::StubInterface::ResetMachine, request, call_timeout_);
}

absl::StatusOr<v1::Checkpoint> EngineClient::CaptureMachine(v1::CaptureMachineRequest request) const {
  if (request.request_id().empty()) request.set_request_id(internal::NewRequestId());
  return internal::UnaryCall(*stub_, &v1::EngineService::StubInterface::CaptureMachine, request, call_timeout_);
}

absl::StatusOr<v1::RestoreMachineResponse> EngineClient::RestoreMachine(
    const v1::RestoreMachineRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::EngineService::StubInterface::RestoreMachine, request, call_timeout_);
}

}  // namespace armstate
