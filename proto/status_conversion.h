// This header converts between absl::Status, google.rpc.Status and grpc::Status.
//
// An error made by MakeError (core/error.h) is sent as google.rpc.Status with an ErrorInfo (domain "armstate", reason =
// ErrorReasonName, metadata), and with details that programs understand that do not know armstate:
//   BadRequest           INVALID_ARGUMENT whose metadata has "field"
//   ResourceInfo         NOT_FOUND and ALREADY_EXISTS whose metadata has "name"
//   PreconditionFailure  FAILED_PRECONDITION
//   RetryInfo            UNAVAILABLE
// Other errors are sent with code and message only.
//
// A grpc::Status is sent in HTTP/2 trailers, of 8 KiB by default, and is lost as a whole if it does not fit. Long texts
// (which may repeat the caller's input) are therefore cut; see the limits below.
#ifndef ARMSTATE_PROTO_STATUS_CONVERSION_H_
#define ARMSTATE_PROTO_STATUS_CONVERSION_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"

namespace armstate {

inline constexpr absl::string_view kErrorDomain = "armstate";

// The limits of what is sent; all except the last are in bytes of UTF-8.
inline constexpr size_t kMaxErrorMessageSize = 512;
inline constexpr size_t kMaxErrorMetadataSize = 256;  // a key or value
inline constexpr size_t kMaxErrorMetadataCount = 8;

google::rpc::Status ToGoogleRpcStatus(const absl::Status& status);
grpc::Status ToGrpcStatus(const absl::Status& status);

// Reasons that this program does not know become kUnspecified, with their name in metadata "reason".
absl::Status FromGoogleRpcStatus(const google::rpc::Status& status);
// Without details, or with damaged ones, only code and message are converted.
absl::Status FromGrpcStatus(const grpc::Status& status);

}  // namespace armstate

#endif  // ARMSTATE_PROTO_STATUS_CONVERSION_H_
