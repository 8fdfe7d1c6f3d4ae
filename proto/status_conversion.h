// absl::Status <-> google.rpc.Status <-> grpc::Status.
//
// An error made by MakeError (core/error.h) travels as google.rpc.Status with an ErrorInfo (domain "armstate", reason =
// ErrorReasonName, metadata) and, besides, what programs that do not know armstate understand:
//   BadRequest           INVALID_ARGUMENT whose metadata has "field"
//   ResourceInfo         NOT_FOUND and ALREADY_EXISTS whose metadata has "name"
//   PreconditionFailure  FAILED_PRECONDITION
//   RetryInfo            UNAVAILABLE
// Other errors travel with code and message only.
//
// A grpc::Status travels in HTTP/2 trailers, 8 KiB by default, and what does not fit is lost as a whole. So long texts
// (they may repeat what a caller sent) are cut: see the limits below.
#ifndef ARMSTATE_PROTO_STATUS_CONVERSION_H_
#define ARMSTATE_PROTO_STATUS_CONVERSION_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"

namespace armstate {

inline constexpr absl::string_view kErrorDomain = "armstate";

// Limits of what is sent, all in bytes of UTF-8 but the last.
inline constexpr size_t kMaxErrorMessageSize = 512;
inline constexpr size_t kMaxErrorMetadataSize = 256;  // a key or value
inline constexpr size_t kMaxErrorMetadataCount = 8;

google::rpc::Status ToGoogleRpcStatus(const absl::Status& status);
grpc::Status ToGrpcStatus(const absl::Status& status);

// Reasons that this program does not know become kUnspecified, with their name as metadata "reason".
absl::Status FromGoogleRpcStatus(const google::rpc::Status& status);
// Without details, or with damaged ones: code and message.
absl::Status FromGrpcStatus(const grpc::Status& status);

}  // namespace armstate

#endif  // ARMSTATE_PROTO_STATUS_CONVERSION_H_
