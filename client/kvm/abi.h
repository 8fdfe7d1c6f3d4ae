// `KvmVcpuInit` and the like are structures and numbers of KVM's arm64 interface that <linux/kvm.h> lacks on other
// machines or in older kernels.
// kvm_abi.cc compares them with <linux/kvm.h> where that has them, so this compiles everywhere and is right on arm64.
//
// Source: Linux, Documentation/virt/kvm/api.rst and devices/{arm-vgic-v3,vcpu}.rst.
#ifndef ARMSTATE_CLIENT_KVM_ABI_H_
#define ARMSTATE_CLIENT_KVM_ABI_H_

#include <cstdint>

namespace armstate {

// Capabilities for KVM_CHECK_EXTENSION; some are enabled by KVM_ENABLE_CAP.
enum class KvmCapability : uint32_t {
  kEl1Is32Bit = 93,
  kPmuV3 = 126,
  kInjectSerrorEsr = 158,
  kIpaSize = 165,  // answers how many bits a guest-physical address may have
  kSve = 170,
  kPtrauthAddress = 171,
  kPtrauthGeneric = 172,
  kMemoryTagging = 205,
  kSupportedRegisterMaskRanges = 230,
  kWritableImplementationId = 239,
  kEl2 = 240,
};

// struct kvm_vcpu_init.
struct KvmVcpuInit {
  uint32_t target = 0;
  uint32_t features[7] = {};
};
static_assert(sizeof(KvmVcpuInit) == 32, "part of an ioctl's number");

// struct kvm_vcpu_events: SErrors and data aborts that are pending.
struct KvmVcpuEvents {
  uint8_t serror_pending = 0;
  uint8_t serror_has_esr = 0;
  uint8_t external_data_abort_pending = 0;
  uint8_t padding[5] = {};
  uint64_t serror_esr = 0;
  uint32_t reserved[12] = {};
};
static_assert(sizeof(KvmVcpuEvents) == 64, "part of an ioctl's number");

// struct reg_mask_range, Linux 6.7: where the masks go, and of which range of registers.
struct KvmRegisterMaskRange {
  uint64_t masks = 0;  // address of kKvmFeatureIdMasks numbers
  uint32_t range = 0;  // KVM_ARM_FEATURE_ID_RANGE
  uint32_t reserved[13] = {};
};
static_assert(sizeof(KvmRegisterMaskRange) == 64, "part of an ioctl's number");

// Masks of op0 = 3, op1 in {0, 1, 3}, CRn = 0, CRm 0 to 7, op2 0 to 7, in this order.
inline constexpr int kKvmFeatureIdMasks = 3 * 8 * 8;

// Requests of ioctl, on a VM (the first two) or on a vCPU.
inline constexpr uint32_t kKvmArmPreferredTarget = 0x8020'aeaf;
inline constexpr uint32_t kKvmArmGetRegisterWritableMasks = 0x8040'aeb6;
inline constexpr uint32_t kKvmArmVcpuInit = 0x4020'aeae;
inline constexpr uint32_t kKvmArmVcpuFinalize = 0x4004'aec2;
inline constexpr uint32_t kKvmGetVcpuEvents = 0x8040'ae9f;
inline constexpr uint32_t kKvmSetVcpuEvents = 0x4040'aea0;

// KVM_REG_ARM64_SVE_VLS: bit i of 512 is a vector length of i + 1 times 128 bits.
inline constexpr uint64_t kKvmSveVectorLengths = 0x6060'0000'0015'ffff;

// Device attributes of the in-kernel GICv3.
inline constexpr uint32_t kGicGroupAddress = 0;
inline constexpr uint64_t kGicAddressDistributor = 2;
inline constexpr uint64_t kGicAddressRedistributor = 3;
inline constexpr uint32_t kGicGroupInterruptCount = 3;
inline constexpr uint32_t kGicGroupControl = 4;
inline constexpr uint64_t kGicControlInit = 0;
inline constexpr uint64_t kGicDistributorSize = 0x1'0000;
inline constexpr uint64_t kGicRedistributorSize = 0x2'0000;  // for each vCPU

// Device attributes of a vCPU: its PMU.
inline constexpr uint32_t kPmuGroup = 0;
inline constexpr uint64_t kPmuInterrupt = 0;
inline constexpr uint64_t kPmuInit = 1;

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_KVM_ABI_H_
