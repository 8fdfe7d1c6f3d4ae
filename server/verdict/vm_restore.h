// The restore of a whole checkpoint, vCPU by vCPU, onto engine vCPUs.
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
#include "server/checkpoints/access.h"

namespace armstate {

struct EngineRestoreResult {
  // The worst of all vCPUs.
  Verdict verdict = Verdict::kAccepted;
  // One for each vCPU, in order.
  std::vector<RestoreReport> reports;
  // The vCPUs were left as they were.
  bool rolled_back = false;
};

// Restores lists[i] into vcpus[i], of which there are as many. All or nothing over all of them with kPutBack; every
// register has its outcome in either case, since the work is done on copies. The error is that of `stop`, which is
// asked for each vCPU; then nothing is restored.
absl::StatusOr<EngineRestoreResult> RestoreEngineVm(absl::Span<const RegisterList* const> lists,
                                                    std::vector<EngineVcpu>& vcpus, OnRefusal on_refusal,
                                                    const StopCheck& stop);
absl::StatusOr<EngineRestoreResult> RestoreEngineVm(const std::vector<VcpuState>& checkpoint,
                                                    std::vector<EngineVcpu>& vcpus, OnRefusal on_refusal,
                                                    const StopCheck& stop);

// What a person should know besides the registers: another machine type, gaps of the capture.
std::vector<std::string> NotesFor(const v1::Checkpoint& checkpoint, const v1::CpuProfile& target);
// The same for a restore of lists that are not translated (core/translate.h): also another accelerator.
std::vector<std::string> NotesForUntranslated(const v1::Checkpoint& checkpoint, const v1::CpuProfile& target);

v1::RestoreReport EngineRestoreToProto(const LoadedCheckpoint& checkpoint, const CpuProfile& target,
                                       const EngineRestoreResult& restore, const std::vector<std::string>& notes,
                                       ReportedRegisters which);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_VERDICT_VM_RESTORE_H_
