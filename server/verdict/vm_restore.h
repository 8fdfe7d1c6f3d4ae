// RestoreEngineVm restores a whole checkpoint onto engine vCPUs.
#ifndef ARMSTATE_SERVER_VERDICT_VM_RESTORE_H_
#define ARMSTATE_SERVER_VERDICT_VM_RESTORE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "armstate/v1/restore_service.pb.h"
#include "core/engine_vm.h"
#include "core/restore.h"
#include "core/stop_check.h"
#include "proto/restore_report_conversion.h"
#include "server/checkpoints/stored_checkpoint_conversion.h"

namespace armstate {

struct EngineRestoreResult {
  // The worst verdict over all vCPUs.
  Verdict verdict = Verdict::kAccepted;
  // One report for each vCPU, in order.
  std::vector<RestoreReport> reports;
  // True if the vCPUs were left unchanged.
  bool rolled_back = false;
};

// Restores lists[i] into vcpus[i]; both have the same size. With kPutBack the restore is all or nothing over all vCPUs.
// Since the work is done on copies, every register has its outcome in either case. `stop` is polled for each vCPU; its
// error is the only one, and nothing is restored then.
absl::StatusOr<EngineRestoreResult> RestoreEngineVm(absl::Span<const RegisterList* const> lists,
                                                    std::vector<EngineVcpu>& vcpus, OnRefusal on_refusal,
                                                    const StopCheck& stop);
absl::StatusOr<EngineRestoreResult> RestoreEngineVm(const std::vector<VcpuState>& checkpoint,
                                                    std::vector<EngineVcpu>& vcpus, OnRefusal on_refusal,
                                                    const StopCheck& stop);

// Returns remarks that do not concern registers: another machine type, gaps in the capture.
std::vector<std::string> NotesFor(const v1::Checkpoint& checkpoint, const v1::CpuProfile& target);
// Returns the remarks for a restore whose lists are not translated (core/translate.h), which also cover another
// accelerator.
std::vector<std::string> NotesForUntranslated(const v1::Checkpoint& checkpoint, const v1::CpuProfile& target);

v1::RestoreReport EngineRestoreToProto(const LoadedCheckpoint& checkpoint, const CpuProfile& target,
                                       const EngineRestoreResult& restore, const std::vector<std::string>& notes,
                                       ReportedRegisters which);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_VERDICT_VM_RESTORE_H_
