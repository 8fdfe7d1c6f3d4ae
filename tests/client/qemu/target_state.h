// The state that a vCPU should hold when its guest goes on in another QEMU, by the rule of the measurements: registers
// of both lists keep the guest's values, but for identification registers.
#ifndef ARMSTATE_TESTS_CLIENT_QEMU_TARGET_STATE_H_
#define ARMSTATE_TESTS_CLIENT_QEMU_TARGET_STATE_H_

#include "core/vcpu_state.h"

namespace armstate {

// `target` is a capture of a VM of the target.
VcpuState TargetState(const VcpuState& guest, const VcpuState& target);

}  // namespace armstate

#endif  // ARMSTATE_TESTS_CLIENT_QEMU_TARGET_STATE_H_
