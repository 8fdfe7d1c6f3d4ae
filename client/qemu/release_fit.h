// `FitToRelease` leaves out of a vCPU's state the subsections that another release of QEMU does not know, and lists
// the state that is lost with them.
//
// QEMU refuses a `cpu` section with a subsection that it does not know. One that only the target's release writes is
// not missed: QEMU then keeps what it has at reset.
#ifndef ARMSTATE_CLIENT_QEMU_RELEASE_FIT_H_
#define ARMSTATE_CLIENT_QEMU_RELEASE_FIT_H_

#include <string>
#include <vector>

#include "client/qemu/stream/release.h"
#include "core/vcpu_state.h"

namespace armstate {

// State of the guest that the target's release has no place for.
struct SubsectionLoss {
  int vcpu_index = 0;
  std::string subsection;  // "cpu/zt0"
  // Its content, in one line.
  std::string text;
};

struct ReleaseFit {
  VcpuState vcpu;
  // A guest goes on without these, but not as if nothing had happened.
  std::vector<SubsectionLoss> losses;
  // Subsections that were left out and held nothing.
  std::vector<std::string> notes;
};

// `vcpu` as a capture of a QEMU stream gives it. Where a left out subsection has another place in the stream, its state
// goes there: cpu/vfp/fpcr_fpsr into the field `fpscr`, cpu/pstate64 into `cpsr`. Bits that have none there are lost. A
// subsection that no release is known to read is left out for every release, and lost.
ReleaseFit FitToRelease(VcpuState vcpu, QemuRelease target);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_QEMU_RELEASE_FIT_H_
