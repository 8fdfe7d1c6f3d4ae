// `JudgeForStream` asks the server for its verdict on a restore into a saved VM, and for the state to write.
#ifndef ARMSTATE_CLIENT_CLI_COMMANDS_STREAM_JUDGEMENT_H_
#define ARMSTATE_CLIENT_CLI_COMMANDS_STREAM_JUDGEMENT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "armstate/v1/checkpoint.pb.h"
#include "armstate/v1/restore_service.pb.h"
#include "client/cli/commands/command.h"
#include "client/cli/commands/target_options.h"
#include "client/qemu/stream/release.h"
#include "core/catalog.h"
#include "core/vcpu_state.h"

namespace armstate {

struct StreamJudgement {
  v1::RestoreReport report;
  // If it is accepted: what RestoreIntoQemuStream is to write.
  std::vector<VcpuState> vcpus;
  // Of the target's QEMU, if it is known.
  absl::optional<QemuRelease> release;
};

// Asks the server for its verdict on restoring `checkpoint` (in the FULL view, with IDs of `source`) into a VM whose
// QEMU stream is `target`: by the CPU profile of this name, or if it is empty by what the stream itself shows. A
// checkpoint of another accelerator than the stream's gets the target's register IDs by the server's plan.
//
// If the stream is of another release of QEMU, the checkpoint is converted to it: the target keeps its own of what it
// insists on, and `accept` names what would refuse (RestoreService.ConvertCheckpoint).
//
// Errors: the server's, and those of ReadQemuTarget with `target_name` before them.
absl::StatusOr<StreamJudgement> JudgeForStream(const v1::Checkpoint& checkpoint, IdScheme source,
                                               absl::string_view target, absl::string_view target_name,
                                               const std::string& profile, const ToleranceOptions& tolerances,
                                               const std::vector<std::string>& accept, CommandContext& context);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_CLI_COMMANDS_STREAM_JUDGEMENT_H_
