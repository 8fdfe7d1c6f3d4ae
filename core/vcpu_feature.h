// `VcpuFeature` lists the features of a KVM vCPU, with their names and KVM's numbers.
#ifndef ARMSTATE_CORE_VCPU_FEATURE_H_
#define ARMSTATE_CORE_VCPU_FEATURE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"

namespace armstate {

// Bits of KVM_ARM_VCPU_INIT's features[0] (Linux, arch/arm64/include/uapi/asm/kvm.h: KVM_ARM_VCPU_*).
enum class VcpuFeature : int {
  kPowerOff = 0,
  kEl1Is32Bit = 1,
  kPsci02 = 2,
  kPmuV3 = 3,
  kSve = 4,
  kPtrauthAddress = 5,
  kPtrauthGeneric = 6,
  kHasEl2 = 7,
  kHasEl2E2h0 = 8,
};

// The features with which a vCPU is made, and the capabilities that must be enabled for its whole VM before.
//
// Example: {"psci_0_2", "pmu_v3", "mte"} <-> bits = 0b1100, memory_tagging = true.
struct VcpuFeatures {
  uint32_t bits = 0;                        // by VcpuFeature
  bool memory_tagging = false;              // "mte": KVM_CAP_ARM_MTE
  bool writable_implementation_id = false;  // "writable_implementation_id": KVM_CAP_ARM_WRITABLE_IMP_ID_REGS

  bool has(VcpuFeature feature) const { return (bits >> static_cast<int>(feature) & 1) != 0; }
  void add(VcpuFeature feature) { bits |= uint32_t{1} << static_cast<int>(feature); }

  friend bool operator==(const VcpuFeatures& a, const VcpuFeatures& b) {
    return a.bits == b.bits && a.memory_tagging == b.memory_tagging &&
           a.writable_implementation_id == b.writable_implementation_id;
  }
};

// "pmu_v3" -> 3. Nothing for capabilities of the VM, which have no bit, and for unknown names.
absl::optional<int> VcpuFeatureBit(absl::string_view name);

// "pmu_v3"; a bit that has no name is "feature_20".
std::string VcpuFeatureName(int bit);

// By ascending bit, the VM's capabilities last.
std::vector<std::string> VcpuFeatureNames(const VcpuFeatures& features);

// The opposite, in any order. Short names are understood too: "pmu", "psci", "aarch32" and "el2", and "ptrauth" for
// both of its halves. INVALID_ARGUMENT, reason FIELD_INVALID, for an unknown name; the message proposes the nearest
// one.
absl::StatusOr<VcpuFeatures> ParseVcpuFeatures(absl::Span<const std::string> names);

}  // namespace armstate

#endif  // ARMSTATE_CORE_VCPU_FEATURE_H_
