// This header converts stored checkpoints to the server's terms and back: resource names, wire metadata, vCPU states.
#ifndef ARMSTATE_SERVER_CHECKPOINTS_STORED_CHECKPOINT_CONVERSION_H_
#define ARMSTATE_SERVER_CHECKPOINTS_STORED_CHECKPOINT_CONVERSION_H_

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
  // In order; all vCPUs, or the requested ones.
  std::vector<VcpuState> vcpus;
};

// RequestIdentity identifies retries of one request.
struct RequestIdentity {
  // Empty: retries are not detected.
  std::string request_id;
  // The same for every attempt of one request; see DigestOfRequest. Empty: derived from the checkpoint, for requests in
  // which the client sent all of it.
  std::string digest;
};

// Digests everything that a client sent.
std::string DigestOfRequest(const google::protobuf::Message& request);

// Builds a checkpoint for the store from the results of ParseCheckpoint (server/checkpoints/codec.h).
NewCheckpoint ToNewCheckpoint(const v1::Checkpoint& checked, std::vector<VcpuState> vcpus, RequestIdentity identity);

// Stores a checkpoint as the next version of `vm`, waits for the commit, and returns the BASIC view. Errors: see
// CreateCheckpoint.
absl::StatusOr<v1::Checkpoint> StoreCheckpoint(CheckpointRepository& repository, absl::string_view vm,
                                               NewCheckpoint checkpoint);

// Reads "vms/{vm}/checkpoints/{version|latest}"; all vCPUs if `vcpu_indexes` is empty. Errors: see GetCheckpoint.
absl::StatusOr<LoadedCheckpoint> LoadCheckpoint(CheckpointRepository& repository, absl::string_view name,
                                                absl::Span<const int32_t> vcpu_indexes = {});

// Returns the BASIC view of a stored checkpoint. DATA_LOSS, reason RECORD_DAMAGED.
absl::StatusOr<v1::Checkpoint> BasicView(absl::string_view vm, const CheckpointSummary& summary);
// Returns the BASIC view of the result of a read, or its error.
absl::StatusOr<v1::Checkpoint> BasicView(absl::string_view vm, const absl::StatusOr<StoredCheckpoint>& stored);
// Fills an existing message with the BASIC view, replacing its content.
absl::Status FillBasicView(absl::string_view vm, const CheckpointSummary& summary, v1::Checkpoint& basic);

// Sets the fields of a BASIC view that storing adds: all of `summary` except the metadata.
void SetStoredFields(std::string name, const CheckpointSummary& summary, v1::Checkpoint& basic);

// Fills `message` with the BASIC view and the vCPUs of `stored`. DATA_LOSS, reason RECORD_DAMAGED.
absl::Status FillView(absl::string_view vm, StoredCheckpoint stored, v1::Checkpoint& message);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_CHECKPOINTS_STORED_CHECKPOINT_CONVERSION_H_
