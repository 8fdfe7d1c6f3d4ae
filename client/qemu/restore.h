// `RestoreIntoQemuStream` writes the state of all vCPUs into the migration stream of another, fresh VM.
// client/formats/state_file.h has an example.
#ifndef ARMSTATE_CLIENT_QEMU_RESTORE_H_
#define ARMSTATE_CLIENT_QEMU_RESTORE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "client/qemu/release_fit.h"
#include "client/qemu/stream/patch.h"
#include "client/qemu/stream/release.h"
#include "core/list_origin.h"
#include "core/register_list.h"
#include "core/restore.h"
#include "core/vcpu_state.h"

namespace armstate {

struct QemuRestore {
  // The worst of the vCPUs'.
  Verdict verdict = Verdict::kAccepted;
  // One for each vCPU.
  std::vector<RestoreReport> reports;
  // Ascending and apart from each other; empty if the restore is refused.
  std::vector<StreamPatch> patches;
  // State of the guest that the target's release of QEMU has no place for: the caller asks before the patches are used.
  std::vector<SubsectionLoss> losses;
  std::vector<std::string> notes;
};

// A stream as the target of a restore.
struct QemuTarget {
  ListOrigin origin = ListOrigin::kUnknown;
  std::string machine_type;
  // The guest's RAM is in the stream. Else it is in files that QEMU shares (x-ignore-shared).
  bool has_ram = true;
  // Of each vCPU, the registers and values that it has in the execution state of the checkpoint's: those of another
  // state's core registers are 0.
  std::vector<RegisterList> registers;
};

// The target as RestoreIntoQemuStream sees it, to be judged before; with the same errors, but for the machine types.
absl::StatusOr<QemuTarget> ReadQemuTarget(absl::Span<const VcpuState> vcpus, absl::string_view target);

// Puts the vCPUs' state into the `cpu` sections of `target`: the migration stream of a VM of the same kind that has not
// run, or with the devices and RAM that belong to the checkpoint. All other bytes stay. Registers that the checkpoint
// lacks keep the target's values; one that the target lacks refuses the restore. Whether QEMU accepts the values, only
// a CPU profile or QEMU itself knows.
//
// If a section changes its length, the JSON description of the stream is changed with it (description_update.h).
//
// `machine_type` is the checkpoint's; empty if unknown. `release` is the QEMU that the target stream is of and that is
// to load it: subsections of the checkpoint that it does not know are left out (release_fit.h). Without it, all stay.
//
// Errors: FAILED_PRECONDITION, VCPU_COUNT_DIFFERS, if the numbers of vCPUs differ; FAILED_PRECONDITION, FIELD_INVALID,
// metadata "field" = "machine_type", if the machine types do (QEMU refuses such a stream); STREAM_MALFORMED for the
// target; FIELD_INVALID for opaque fields that do not fit.
absl::StatusOr<QemuRestore> RestoreIntoQemuStream(absl::Span<const VcpuState> vcpus, absl::string_view machine_type,
                                                  absl::string_view target,
                                                  absl::optional<QemuRelease> release = absl::nullopt);

// The stream with the patches in it.
std::string ApplyPatches(absl::string_view stream, absl::Span<const StreamPatch> patches);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_QEMU_RESTORE_H_
