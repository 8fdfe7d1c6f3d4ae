// `UnaryCall` makes one RPC for all clients.
#ifndef ARMSTATE_CLIENT_UNARY_CALL_H_
#define ARMSTATE_CLIENT_UNARY_CALL_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/connection.h"
#include "core/error.h"
#include "google/protobuf/empty.pb.h"
#include "grpcpp/client_context.h"
#include "proto/status_conversion.h"

namespace armstate {
namespace internal {

// INVALID_ARGUMENT, reason FIELD_INVALID, for a request that gRPC would refuse to send: with RESOURCE_EXHAUSTED, which
// is what a busy server says, so that the call would be made again and again.
inline absl::Status CheckRequestBytes(size_t bytes) {
  if (bytes <= static_cast<size_t>(kMaxMessageBytes)) return absl::OkStatus();
  return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kFieldInvalid,
                   absl::StrCat("the request has ", bytes, " bytes, more than ", kMaxMessageBytes, " (",
                                kMaxMessageBytes >> 20, " MiB), the most that a server takes; it was not sent"),
                   {{"field", "request"}, {"count", absl::StrCat(bytes)}, {"limit", absl::StrCat(kMaxMessageBytes)}});
}

// Calls `method` of a generated StubInterface.
template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> UnaryCall(Stub& stub,
                                   grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                   const Request& request, absl::Duration timeout) {
  if (absl::Status status = CheckRequestBytes(request.ByteSizeLong()); !status.ok()) return status;
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
  Response response;
  const grpc::Status status = (stub.*method)(&context, request, &response);
  if (!status.ok()) return FromGrpcStatus(status);
  return response;
}

// Calls `list` for page after page and hands each to `add`. INTERNAL if a page token comes back, which would never end.
template <typename Request, typename List, typename Add>
absl::Status ForEachPage(Request request, List list, Add add) {
  while (true) {
    auto response = list(request);
    if (!response.ok()) return response.status();
    add(*response);
    if (response->next_page_token().empty()) return absl::OkStatus();
    if (response->next_page_token() == request.page_token()) {
      return absl::InternalError("the server gave the same page token twice");
    }
    request.set_page_token(response->next_page_token());
  }
}

}  // namespace internal
}  // namespace armstate

#endif  // ARMSTATE_CLIENT_UNARY_CALL_H_
