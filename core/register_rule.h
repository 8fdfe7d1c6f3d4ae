// `RegisterRule` describes how a target treats one register.
#ifndef ARMSTATE_CORE_REGISTER_RULE_H_
#define ARMSTATE_CORE_REGISTER_RULE_H_

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/types/optional.h"
#include "core/register_behaviour.h"
#include "core/register_id.h"
#include "core/write_rule.h"

namespace armstate {

// The place of a vCPU in its VM, on which some reset values depend.
struct VcpuPosition {
  int index = 0;
  int vcpu_count = 1;
};

// How the reset value depends on the place of the vCPU.
struct ResetGrowth {
  // The growth with each vCPU of the VM after the first one, and with the vCPU's index.
  uint64_t per_further_vcpu = 0;
  uint64_t per_vcpu_index = 0;
  // The number of further vCPUs that count; 0: all of them.
  uint32_t counted_further_vcpus = 0;
  // The index is an affinity: so many vCPUs differ in Aff0 (bits 7-0), and 256 times as many in Aff1. 0: a number.
  uint32_t vcpus_per_aff1 = 0;

  bool is_zero() const { return per_further_vcpu == 0 && per_vcpu_index == 0; }
  uint64_t At(VcpuPosition position) const {
    const auto further = static_cast<uint64_t>(position.vcpu_count - 1);
    const uint64_t counted = counted_further_vcpus == 0 ? further : std::min<uint64_t>(further, counted_further_vcpus);
    auto index = static_cast<uint64_t>(position.index);
    if (vcpus_per_aff1 != 0) index = index % vcpus_per_aff1 | index / vcpus_per_aff1 << 8;
    return per_further_vcpu * counted + per_vcpu_index * index;
  }
};

// In terms of QEMU's ARMCPRegInfo: writable all ones is a stored register, all zeros a constant, anything else a partly
// writable one; a view is a computed register. `write`, `behaviour` and `vm_wide` describe what only KVM does.
struct RegisterRule {
  // Shows bits shift .. shift + width - 1 of another register's storage.
  struct View {
    RegisterId owner;
    uint32_t shift = 0;  // bits
  };

  RegisterId id;
  // Both little-endian, as wide as the ID says.
  std::string reset;
  std::string writable;
  absl::optional<View> view = {};
  ResetGrowth reset_growth = {};

  // Decides over a value before its writable bits are stored.
  absl::optional<WriteRule> write = {};
  RegisterBehaviour behaviour = {};
  // The VM has it, not the vCPU: a write shows on all vCPUs.
  bool vm_wide = false;

  // Under TCG, of a register of 32 bits: what QEMU's stream has in bits 63-32 after reset, and which of these a load
  // may change.
  uint32_t upper_half = 0;
  uint32_t upper_writable = 0;
  // It is not known whether the target has the register, or with which constant.
  bool always_undetermined = false;
};

}  // namespace armstate

#endif  // ARMSTATE_CORE_REGISTER_RULE_H_
