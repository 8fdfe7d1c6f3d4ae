// Checkpoints of the store in the server's terms: resource names, wire metadata, vCPU states.
#ifndef ARMSTATE_SERVER_CHECKPOINTS_ACCESS_H_
#define ARMSTATE_SERVER_CHECKPOINTS_ACCESS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "armstate/v1/checkpoint.pb.h"
#include "core/vcpu_state.h"
#include "google/protobuf/message.h"
#include "server/checkpoints/codec.h"
#include "storage/repository/checkpoint_repository.h"

namespace armstate {

struct LoadedCheckpoint {
  // The BASIC view, complete.
  v1::Checkpoint basic;
  // In order; all, or those that were asked for.
  std::vector<VcpuState> vcpus;
};

// What makes a retry known as one.
struct RequestIdentity {
  // Empty: no protection against a retry.
  std::string request_id;
  // The same for every attempt of one request, see DigestOfRequest. Empty: made of the checkpoint, where the client
  // sent all of it.
  std::string digest;
};

// Of all that a client sent.
std::string DigestOfRequest(const google::protobuf::Message& request);

// A checkpoint as the store takes it, of what ParseCheckpoint (server/checkpoints/codec.h) left and gave.
NewCheckpoint ToNewCheckpoint(const v1::Checkpoint& checked, std::vector<VcpuState> vcpus, RequestIdentity identity);

// Stores a checkpoint as the next version of `vm`, and waits for it; gives its BASIC view. Errors: see
// CreateCheckpoint.
absl::StatusOr<v1::Checkpoint> StoreCheckpoint(CheckpointRepository& repository, absl::string_view vm,
                                               NewCheckpoint checkpoint);

// Reads "vms/{vm}/checkpoints/{version|latest}"; without `vcpu_indexes` all vCPUs. Errors: see GetCheckpoint.
absl::StatusOr<LoadedCheckpoint> LoadCheckpoint(CheckpointRepository& repository, absl::string_view name,
                                                absl::Span<const int32_t> vcpu_indexes = {});

// The BASIC view of a stored checkpoint. DATA_LOSS, reason RECORD_DAMAGED.
absl::StatusOr<v1::Checkpoint> BasicView(absl::string_view vm, const CheckpointSummary& summary);
// The same of what was read, or why it was not.
absl::StatusOr<v1::Checkpoint> BasicView(absl::string_view vm, const absl::StatusOr<StoredCheckpoint>& stored);
// The same into a message that is there already, of which nothing is left.
absl::Status FillBasicView(absl::string_view vm, const CheckpointSummary& summary, v1::Checkpoint& basic);

// Of a BASIC view, what storing adds: all of `summary` but the metadata.
void SetStoredFields(std::string name, const CheckpointSummary& summary, v1::Checkpoint& basic);

// The BASIC view and the vCPUs of `stored`. DATA_LOSS, reason RECORD_DAMAGED.
absl::Status FillView(absl::string_view vm, StoredCheckpoint stored, v1::Checkpoint& message);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_CHECKPOINTS_ACCESS_H_
