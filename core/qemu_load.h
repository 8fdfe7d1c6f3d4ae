// `LoadAsQemu` treats register lists as QEMU does when it loads a migration stream. armstate's own restore differs
// (core/restore.h, core/restore_order.h).
#ifndef ARMSTATE_CORE_QEMU_LOAD_H_
#define ARMSTATE_CORE_QEMU_LOAD_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "core/engine_vm.h"
#include "core/restore.h"

namespace armstate {

// In findings that do not make QEMU refuse: RegisterFinding::tolerance.
constexpr absl::string_view kQemuDoesNotReadBack = "qemu-does-not-read-back";
constexpr absl::string_view kQemuDropsLast = "qemu-drops-last";
constexpr absl::string_view kQemuLetsPass = "qemu-lets-pass";

// The QEMU that loads.
enum class QemuMerge {
  kBefore11,  // refuses a list that is longer than its own, and drops what sorts after its own last register
  kFrom11,    // refuses each register that it does not know
};

struct QemuLoad {
  // One for each vCPU, in order. Registers that QEMU does not get to are judged all the same.
  std::vector<RestoreReport> reports;
  // Remarks about a whole list, one line each.
  std::vector<std::string> notes;
};

// Loads lists[i] into vcpus[i], which are fresh and of which there are as many.
//
// QEMU merges the list by ID, without knowing what an ID means: a register that only the target has keeps its value. It
// then writes in list order what is in both, each vCPU after the one before. Under KVM it refuses where
// KVM_SET_ONE_REG does and reads nothing back: a value that reads differently is a silent change. Its emulation
// does read back. When QEMU starts under KVM it writes the values of a fresh vCPU to it once, in the same order; on
// Linux 6.12 that clears the PMU's counter pairs.
//
// Core and vector registers are not in QEMU's list, but in the fixed part of its section, and the vector lengths are
// the command line's.
//
// The error is that of `stop`, which is asked for each vCPU.
absl::StatusOr<QemuLoad> LoadAsQemu(absl::Span<const RegisterList* const> lists, std::vector<EngineVcpu>& vcpus,
                                    QemuMerge merge, const StopCheck& stop);

// The same for a profile of QEMU's emulation, which says what becomes of registers that the target does not list: those
// that it does not refuse get a tolerance in the report of a restore of this list.
void JudgeListLoad(const RegisterList& incoming, const CpuProfile& profile, RestoreReport& report);

}  // namespace armstate

#endif  // ARMSTATE_CORE_QEMU_LOAD_H_
