// A checkpoint on the wire <-> a checkpoint for the store.
#ifndef ARMSTATE_SERVER_CHECKPOINT_CODEC_H_
#define ARMSTATE_SERVER_CHECKPOINT_CODEC_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "armstate/v1/checkpoint.pb.h"
#include "core/vcpu_state.h"
#include "server/labels.h"

namespace armstate {

inline constexpr int kMaxVcpus = 512;

// A checkpoint that was checked, apart from its vCPUs.
struct CheckedCheckpoint {
  // What the BASIC view shows, without the fields that say "Output only", but for the counts.
  v1::Checkpoint basic;
  // In order of vcpu_index, 0 to n - 1.
  std::vector<VcpuState> vcpus;
};

// 0001-01-01 to 9999-12-31, as google.protobuf.Timestamp says: another time has no JSON. INVALID_ARGUMENT, reason
// FIELD_INVALID, with `field` in the metadata.
absl::Status CheckTime(const google::protobuf::Timestamp& time, absl::string_view field);

// Checks everything that a client sends. INVALID_ARGUMENT, reason FIELD_INVALID (metadata "field") or that of the
// register list.
absl::StatusOr<CheckedCheckpoint> CheckCheckpoint(v1::Checkpoint message);

// The opaque fields of one vCPU as bytes for the store, and back. DATA_LOSS if they cannot be read.
std::string EncodeOpaqueFields(const std::vector<OpaqueField>& fields);
absl::StatusOr<std::vector<OpaqueField>> DecodeOpaqueFields(absl::string_view bytes);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_CHECKPOINT_CODEC_H_
