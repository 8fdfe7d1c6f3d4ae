// What is kept of a VM: the RPCs UpdateVm and UpdateCheckpoint.
#ifndef ARMSTATE_SERVER_RETENTION_VM_RETENTION_H_
#define ARMSTATE_SERVER_RETENTION_VM_RETENTION_H_

#include <functional>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "armstate/v1/checkpoint_service.pb.h"
#include "server/restores/history.h"
#include "storage/repository/checkpoint_repository.h"

namespace armstate {

// As GetVm shows it.
v1::Vm VmToProto(const VmInfo& info);

// Thread-safe. Both must outlive it.
class VmRetention {
 public:
  VmRetention(CheckpointRepository& checkpoints, RestoreHistory& history)
      : checkpoints_(checkpoints), history_(history) {}

  // Errors: see UpdateVm. CANCELLED if `cancelled` is true, which is asked now and then: the new rules hold by then,
  // but not all that they do not keep is deleted.
  absl::StatusOr<v1::Vm> UpdateVm(const v1::UpdateVmRequest& request, const std::function<bool()>& cancelled);

  // Errors: see UpdateCheckpoint.
  absl::StatusOr<v1::Checkpoint> UpdateCheckpoint(const v1::UpdateCheckpointRequest& request);

 private:
  CheckpointRepository& checkpoints_;
  RestoreHistory& history_;
  absl::Mutex mutex_;  // two masks of one VM are applied one after the other
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RETENTION_VM_RETENTION_H_
