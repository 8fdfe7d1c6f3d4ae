// ParseCheckpoint converts a checkpoint from the wire into a checkpoint for the store.
#ifndef ARMSTATE_SERVER_CHECKPOINTS_CODEC_H_
#define ARMSTATE_SERVER_CHECKPOINTS_CODEC_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "armstate/v1/checkpoint.pb.h"
#include "core/vcpu_state.h"
#include "server/rpc/labels.h"

namespace armstate {

// INVALID_ARGUMENT, reason FIELD_INVALID, if there is no vCPU or more than kMaxVcpus, if a vCPU has more registers than
// kMaxVcpuRegisters, or if all vCPUs together have more than kMaxRegisters. `field` is the name of the field that holds
// the vCPUs.
absl::Status CheckRegisterCounts(absl::Span<const int> of_vcpus, absl::string_view field);

// Accepts 0001-01-01 to 9999-12-31, the range of google.protobuf.Timestamp: other times have no JSON form.
// INVALID_ARGUMENT, reason FIELD_INVALID, with `field` in the metadata.
absl::Status CheckTime(const google::protobuf::Timestamp& time, absl::string_view field);

// Validates everything that a client sends, and moves the vCPUs out, in order of vcpu_index, 0 to n - 1. `message`
// keeps what the BASIC view shows, without the "Output only" fields except for the counts. Lists with the IDs of
// `likely_layout` share that layout. INVALID_ARGUMENT, reason FIELD_INVALID (metadata "field") or the reason of the
// register list; `message` is then in an unspecified state.
absl::StatusOr<std::vector<VcpuState>> ParseCheckpoint(v1::Checkpoint& message,
                                                       std::shared_ptr<const RegisterLayout> likely_layout = nullptr);

// Encode and decode the opaque fields of one vCPU for the store. DATA_LOSS if the bytes cannot be decoded.
std::string EncodeOpaqueFields(const std::vector<OpaqueField>& fields);
absl::StatusOr<std::vector<OpaqueField>> DecodeOpaqueFields(absl::string_view bytes);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_CHECKPOINTS_CODEC_H_
