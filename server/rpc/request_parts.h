// CheckParts refuses requests whose decoding would allocate far more memory than they have bytes.
#ifndef ARMSTATE_SERVER_RPC_REQUEST_PARTS_H_
#define ARMSTATE_SERVER_RPC_REQUEST_PARTS_H_

#include <cstddef>

#include "absl/status/status.h"
#include "google/protobuf/descriptor.h"
#include "grpcpp/support/byte_buffer.h"

namespace armstate {

inline constexpr size_t kMaxRequestParts = size_t{512} << 10;
// A part has 2 bytes at least, so that shorter requests are not looked at.
inline constexpr size_t kShortRequest = 2 * kMaxRequestParts;

// An empty vCPU takes 2 bytes of a request and some 100 bytes of memory: 15 MiB of them would take more than a GiB.
// INVALID_ARGUMENT, reason FIELD_INVALID, if a request of this type has more than kMaxRequestParts elements of repeated
// messages and texts, and fields that are not known. Skips what is in texts and lists of numbers. OK for malformed
// requests, of which the decoder reads no more parts either.
absl::Status CheckParts(const grpc::ByteBuffer& bytes, const google::protobuf::Descriptor& type);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RPC_REQUEST_PARTS_H_
