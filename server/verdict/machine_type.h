// `MissingMachineType` says that a guest's machine type is later than the target's QEMU.
#ifndef ARMSTATE_SERVER_VERDICT_MACHINE_TYPE_H_
#define ARMSTATE_SERVER_VERDICT_MACHINE_TYPE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "armstate/v1/cpu_profile.pb.h"

namespace armstate {

// "QEMU 7.2 has no machine type virt-11.1, ...: start guests that are to go there with -M virt-7.2". A guest keeps its
// machine type, so that neither another option of the target nor a conversion helps. Empty if the target's release has
// the machine type, as far as is known.
std::string MissingMachineType(absl::string_view machine_type, const v1::CpuProfile& target);

// True if both name a board, and not the same one: "virt-7.2" and "virt-9.0" do. QEMU refuses streams of other boards.
bool IsOtherBoard(absl::string_view machine_type, const v1::CpuProfile& target);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_VERDICT_MACHINE_TYPE_H_
