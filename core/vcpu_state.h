// `VcpuState` holds all state of one vCPU, whatever its source.
#ifndef ARMSTATE_CORE_VCPU_STATE_H_
#define ARMSTATE_CORE_VCPU_STATE_H_

#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "core/register_id.h"
#include "core/register_list.h"

namespace armstate {

// State that no register ID names, kept and given back unchanged.
struct OpaqueField {
  // As the source calls it: "env.exclusive_addr", "cpu/m". Unique within a vCPU.
  std::string name;
  // Exactly as the source writes it (QEMU: big-endian).
  std::string data;
};

struct VcpuState {
  int vcpu_index = 0;
  RegisterList registers;
  std::vector<OpaqueField> opaque_fields;
};

// Something that a capture could not bring.
struct CaptureGap {
  int vcpu_index = 0;
  // Nothing if no ID names it.
  absl::optional<RegisterId> register_id;
  // The missing state and the reason, in one line.
  std::string reason;
};

}  // namespace armstate

#endif  // ARMSTATE_CORE_VCPU_STATE_H_
