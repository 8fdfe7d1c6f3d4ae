// `DecodeVcpus` fills the DECODED view of a checkpoint: registers by name, with hexadecimal values.
#ifndef ARMSTATE_SERVER_CHECKPOINTS_DECODED_VIEW_H_
#define ARMSTATE_SERVER_CHECKPOINTS_DECODED_VIEW_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "armstate/v1/checkpoint_service.pb.h"
#include "core/catalog.h"
#include "storage/repository/checkpoint_repository.h"

namespace armstate {

// The largest set of decoded registers in one answer, as it is encoded.
inline constexpr size_t kMaxDecodedBytes = size_t{16} << 20;

// The bytes that DecodeVcpus may need for the request; an estimate, at most kMaxDecodedBytes.
size_t MostDecodedBytes(absl::Span<const VcpuRecord> vcpus, const v1::GetCheckpointRequest& request);

// Adds `vcpus` to `checkpoint.decoded_vcpus`, as request.registers and request.include_fields say.
//
// INVALID_ARGUMENT, reason REGISTER_NAME_UNKNOWN; reason FIELD_INVALID if the registers take more than
// kMaxDecodedBytes. NOT_FOUND, reason REGISTER_NOT_FOUND, if a vCPU lacks a register that the request names.
absl::Status DecodeVcpus(absl::Span<const VcpuRecord> vcpus, IdScheme scheme, const v1::GetCheckpointRequest& request,
                         v1::Checkpoint& checkpoint);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_CHECKPOINTS_DECODED_VIEW_H_
