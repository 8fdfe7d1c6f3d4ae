// RpcResult is the result of an RPC as a client without our library sees it: everything is read from the wire.
#ifndef ARMSTATE_TESTS_SERVER_RPC_RESULT_H_
#define ARMSTATE_TESTS_SERVER_RPC_RESULT_H_

#include <map>
#include <ostream>
#include <string>

#include "grpcpp/client_context.h"
#include "grpcpp/support/status.h"

namespace armstate {

// Example:
//   EXPECT_EQ(Call(*stub, &Stub::GetVm, request, &vm),
//             (RpcResult{grpc::StatusCode::NOT_FOUND, "VM_NOT_FOUND", {{"name", "vms/none"}}}));
struct RpcResult {
  grpc::StatusCode code = grpc::StatusCode::OK;
  // The reason of google.rpc.ErrorInfo in the trailer "grpc-status-details-bin".
  std::string reason = {};
  std::map<std::string, std::string> metadata = {};
  // Not compared.
  std::string message = {};

  bool ok() const { return code == grpc::StatusCode::OK; }
};

inline bool operator==(const RpcResult& a, const RpcResult& b) {
  return a.code == b.code && a.reason == b.reason && a.metadata == b.metadata;
}
std::ostream& operator<<(std::ostream& out, const RpcResult& result);

// Also checks that an error's details are of the domain "armstate", repeat its code and message, and have a BadRequest
// if a field is at fault.
RpcResult ReadResult(const grpc::ClientContext& context, const grpc::Status& status);

template <typename Stub, typename Request, typename Response>
RpcResult Call(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
               const Request& request, Response* response) {
  grpc::ClientContext context;
  const grpc::Status status = (stub.*method)(&context, request, response);
  return ReadResult(context, status);
}

// For calls whose response does not matter.
template <typename Stub, typename Request, typename Response>
RpcResult Call(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
               const Request& request) {
  Response response;
  return Call(stub, method, request, &response);
}

}  // namespace armstate

#endif  // ARMSTATE_TESTS_SERVER_RPC_RESULT_H_
