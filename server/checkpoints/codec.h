// A checkpoint on the wire <-> a checkpoint for the store.
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

// INVALID_ARGUMENT, reason FIELD_INVALID, where there is no vCPU, or more than kMaxVcpus; where one has more registers
// than kMaxVcpuRegisters, or all together more than kMaxRegisters. `field` has them.
absl::Status CheckRegisterCounts(absl::Span<const int> of_vcpus, absl::string_view field);

// 0001-01-01 to 9999-12-31, as google.protobuf.Timestamp says: another time has no JSON. INVALID_ARGUMENT, reason
// FIELD_INVALID, with `field` in the metadata.
absl::Status CheckTime(const google::protobuf::Timestamp& time, absl::string_view field);

// Checks everything that a client sends, and takes the vCPUs out: in order of vcpu_index, 0 to n - 1. What is left in
// `message` is what the BASIC view shows, without the fields that say "Output only", but for the counts. Lists with the
// IDs of `likely_layout` share that layout. INVALID_ARGUMENT, reason FIELD_INVALID (metadata "field") or that of the
// register list; then `message` is in no particular state.
absl::StatusOr<std::vector<VcpuState>> ParseCheckpoint(v1::Checkpoint& message,
                                                       std::shared_ptr<const RegisterLayout> likely_layout = nullptr);

// The opaque fields of one vCPU as bytes for the store, and back. DATA_LOSS if they cannot be read.
std::string EncodeOpaqueFields(const std::vector<OpaqueField>& fields);
absl::StatusOr<std::vector<OpaqueField>> DecodeOpaqueFields(absl::string_view bytes);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_CHECKPOINTS_CODEC_H_
