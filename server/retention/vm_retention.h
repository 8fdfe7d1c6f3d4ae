// VmRetention implements UpdateVm and UpdateCheckpoint, which change what is kept of a VM.
#ifndef ARMSTATE_SERVER_RETENTION_VM_RETENTION_H_
#define ARMSTATE_SERVER_RETENTION_VM_RETENTION_H_

#include <functional>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "armstate/v1/checkpoint_service.pb.h"
#include "server/restores/history.h"
#include "storage/repository/checkpoint_repository.h"

namespace armstate {

// Returns the VM as GetVm shows it.
v1::Vm VmToProto(const VmInfo& info);

// Thread-safe. Both arguments must outlive the object.
class VmRetention {
 public:
  VmRetention(CheckpointRepository& checkpoints, RestoreHistory& history)
      : checkpoints_(checkpoints), history_(history) {}

  // Errors: see UpdateVm. `cancelled` is polled from time to time; CANCELLED if it returns true: the new rules are in
  // force by then, but checkpoints that they do not keep may remain.
  absl::StatusOr<v1::Vm> UpdateVm(const v1::UpdateVmRequest& request, const std::function<bool()>& cancelled);

  // Errors: see UpdateCheckpoint.
  absl::StatusOr<v1::Checkpoint> UpdateCheckpoint(const v1::UpdateCheckpointRequest& request);

 private:
  CheckpointRepository& checkpoints_;
  RestoreHistory& history_;
  absl::Mutex mutex_;  // serializes the updates of one VM
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RETENTION_VM_RETENTION_H_
