// DecodeRequest decodes a request; Undecodable explains why a request cannot be decoded.
#ifndef ARMSTATE_SERVER_RPC_REQUEST_DECODING_H_
#define ARMSTATE_SERVER_RPC_REQUEST_DECODING_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "grpcpp/support/byte_buffer.h"

namespace armstate {

// protobuf reports text that is not UTF-8 only in its log, on the decoding thread. LogProtobuf installs a handler for
// that log that remembers the field for Undecodable and forwards everything else to our log. It must be called once,
// before anything is decoded; otherwise clients could write to standard error.
void LogProtobuf();
void ForgetInvalidText();

// INVALID_ARGUMENT, reason FIELD_INVALID: a request is not a message of this type. Metadata "field" is the full name of
// a field whose text is not UTF-8, if this thread found one since ForgetInvalidText; otherwise "request".
absl::Status Undecodable(absl::string_view message_type);

// Empties `bytes`. Errors: CheckParts, Undecodable; `request` is then in an unspecified state.
absl::Status DecodeRequest(grpc::ByteBuffer& bytes, google::protobuf::Message& request);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RPC_REQUEST_DECODING_H_
