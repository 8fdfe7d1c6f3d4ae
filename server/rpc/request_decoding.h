// Decodes requests, and says why one cannot be decoded.
#ifndef ARMSTATE_SERVER_RPC_REQUEST_DECODING_H_
#define ARMSTATE_SERVER_RPC_REQUEST_DECODING_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "grpcpp/support/byte_buffer.h"

namespace armstate {

// protobuf tells of text that is not UTF-8 only by its log, in the thread that decodes. LogProtobuf takes that log: it
// remembers the field for Undecodable, and gives all else to ours. Called once, before anything is decoded, lest
// clients write to standard error.
void LogProtobuf();
void ForgetInvalidText();

// INVALID_ARGUMENT, reason FIELD_INVALID: a request, or what was read of it in this thread since ForgetInvalidText, is
// not a message of this type. Metadata "field" is the full name of the field whose text is not UTF-8, or "request".
absl::Status Undecodable(absl::string_view message_type);

// Empties `bytes`. Errors: Undecodable; then the content of `request` is undefined.
absl::Status DecodeRequest(grpc::ByteBuffer& bytes, google::protobuf::Message& request);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RPC_REQUEST_DECODING_H_
