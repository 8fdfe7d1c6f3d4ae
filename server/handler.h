// What all RPC handlers have in common.
#ifndef ARMSTATE_SERVER_HANDLER_H_
#define ARMSTATE_SERVER_HANDLER_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/empty.pb.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "proto/status_conversion.h"

namespace armstate {

// Answers a unary call with what a function returns: a message or an error.
//
// Example:
//   grpc::ServerUnaryReactor* GetVm(grpc::CallbackServerContext* context, const GetVmRequest* request, Vm* response)
//   override {
//     return Answer(context, GetVm(*request), response);
//   }
template <typename Response>
grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context, absl::StatusOr<Response> result,
                                 Response* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (result.ok()) *response = *std::move(result);
  reactor->Finish(ToGrpcStatus(result.status()));
  return reactor;
}

// For calls that answer with nothing but success.
inline absl::StatusOr<google::protobuf::Empty> OrEmpty(const absl::Status& status) {
  if (!status.ok()) return status;
  return google::protobuf::Empty();
}

}  // namespace armstate

#endif  // ARMSTATE_SERVER_HANDLER_H_
