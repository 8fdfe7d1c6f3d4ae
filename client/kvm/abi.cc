#include "client/kvm/abi.h"

#if defined(__aarch64__)

#include <linux/kvm.h>

#include <cstddef>

#include "core/register_id.h"
#include "core/vcpu_feature.h"

namespace armstate {
namespace {

static_assert(static_cast<uint32_t>(KvmCapability::kEl1Is32Bit) == KVM_CAP_ARM_EL1_32BIT, "");
static_assert(static_cast<uint32_t>(KvmCapability::kPmuV3) == KVM_CAP_ARM_PMU_V3, "");
static_assert(static_cast<uint32_t>(KvmCapability::kInjectSerrorEsr) == KVM_CAP_ARM_INJECT_SERROR_ESR, "");
static_assert(static_cast<uint32_t>(KvmCapability::kIpaSize) == KVM_CAP_ARM_VM_IPA_SIZE, "");
static_assert(static_cast<uint32_t>(KvmCapability::kSve) == KVM_CAP_ARM_SVE, "");
static_assert(static_cast<uint32_t>(KvmCapability::kPtrauthAddress) == KVM_CAP_ARM_PTRAUTH_ADDRESS, "");
static_assert(static_cast<uint32_t>(KvmCapability::kPtrauthGeneric) == KVM_CAP_ARM_PTRAUTH_GENERIC, "");
static_assert(static_cast<uint32_t>(KvmCapability::kMemoryTagging) == KVM_CAP_ARM_MTE, "");
// These are newer than the headers of Debian 12.
#ifdef KVM_CAP_ARM_SUPPORTED_REG_MASK_RANGES
static_assert(static_cast<uint32_t>(KvmCapability::kSupportedRegisterMaskRanges) ==
                  KVM_CAP_ARM_SUPPORTED_REG_MASK_RANGES,
              "");
static_assert(kKvmArmGetRegisterWritableMasks == KVM_ARM_GET_REG_WRITABLE_MASKS, "");
static_assert(kKvmFeatureIdMasks == KVM_ARM_FEATURE_ID_RANGE_SIZE, "");
#endif
#ifdef KVM_CAP_ARM_WRITABLE_IMP_ID_REGS
static_assert(static_cast<uint32_t>(KvmCapability::kWritableImplementationId) == KVM_CAP_ARM_WRITABLE_IMP_ID_REGS, "");
#endif
#ifdef KVM_CAP_ARM_EL2
static_assert(static_cast<uint32_t>(KvmCapability::kEl2) == KVM_CAP_ARM_EL2, "");
#endif

static_assert(static_cast<int>(VcpuFeature::kPowerOff) == KVM_ARM_VCPU_POWER_OFF, "");
static_assert(static_cast<int>(VcpuFeature::kEl1Is32Bit) == KVM_ARM_VCPU_EL1_32BIT, "");
static_assert(static_cast<int>(VcpuFeature::kPsci02) == KVM_ARM_VCPU_PSCI_0_2, "");
static_assert(static_cast<int>(VcpuFeature::kPmuV3) == KVM_ARM_VCPU_PMU_V3, "");
static_assert(static_cast<int>(VcpuFeature::kSve) == KVM_ARM_VCPU_SVE, "");
static_assert(static_cast<int>(VcpuFeature::kPtrauthAddress) == KVM_ARM_VCPU_PTRAUTH_ADDRESS, "");
static_assert(static_cast<int>(VcpuFeature::kPtrauthGeneric) == KVM_ARM_VCPU_PTRAUTH_GENERIC, "");

static_assert(sizeof(KvmVcpuInit) == sizeof(kvm_vcpu_init), "");
static_assert(offsetof(KvmVcpuInit, features) == offsetof(kvm_vcpu_init, features), "");
static_assert(sizeof(KvmVcpuEvents) == sizeof(kvm_vcpu_events), "");
static_assert(offsetof(KvmVcpuEvents, external_data_abort_pending) ==
                  offsetof(kvm_vcpu_events, exception.ext_dabt_pending),
              "");
static_assert(offsetof(KvmVcpuEvents, serror_esr) == offsetof(kvm_vcpu_events, exception.serror_esr), "");

static_assert(kKvmArmPreferredTarget == KVM_ARM_PREFERRED_TARGET, "");
static_assert(kKvmArmVcpuInit == KVM_ARM_VCPU_INIT, "");
static_assert(kKvmArmVcpuFinalize == KVM_ARM_VCPU_FINALIZE, "");
static_assert(kKvmGetVcpuEvents == KVM_GET_VCPU_EVENTS, "");
static_assert(kKvmSetVcpuEvents == KVM_SET_VCPU_EVENTS, "");
static_assert(kKvmSveVectorLengths == KVM_REG_ARM64_SVE_VLS, "");

static_assert(kGicGroupAddress == KVM_DEV_ARM_VGIC_GRP_ADDR, "");
static_assert(kGicAddressDistributor == KVM_VGIC_V3_ADDR_TYPE_DIST, "");
static_assert(kGicAddressRedistributor == KVM_VGIC_V3_ADDR_TYPE_REDIST, "");
static_assert(kGicGroupInterruptCount == KVM_DEV_ARM_VGIC_GRP_NR_IRQS, "");
static_assert(kGicGroupControl == KVM_DEV_ARM_VGIC_GRP_CTRL, "");
static_assert(kGicControlInit == KVM_DEV_ARM_VGIC_CTRL_INIT, "");
static_assert(kPmuGroup == KVM_ARM_VCPU_PMU_V3_CTRL, "");
static_assert(kPmuInterrupt == KVM_ARM_VCPU_PMU_V3_IRQ, "");
static_assert(kPmuInit == KVM_ARM_VCPU_PMU_V3_INIT, "");

// core/register_id.h has these numbers from the documentation; here they are compared with the kernel's header.
static_assert(KVM_REG_ARM == uint64_t{0x40} << 56 && KVM_REG_ARM64 == uint64_t{0x60} << 56, "");
static_assert(KVM_REG_SIZE_SHIFT == 52 && KVM_REG_SIZE_U64 == uint64_t{3} << 52, "");
static_assert(KVM_REG_ARM_COPROC_SHIFT == 16, "");
static_assert(KVM_REG_ARM_CORE == 0x10 << 16 && KVM_REG_ARM_DEMUX == 0x11 << 16, "");
static_assert(KVM_REG_ARM64_SYSREG == 0x13 << 16 && KVM_REG_ARM_FW == 0x14 << 16, "");
static_assert(KVM_REG_ARM64_SVE == 0x15 << 16 && KVM_REG_ARM_FW_FEAT_BMAP == 0x16 << 16, "");
static_assert(RegisterId::System(3, 3, 14, 3, 2).raw() == KVM_REG_ARM_TIMER_CNT, "KVM's swap");
static_assert(RegisterId::System(3, 3, 14, 0, 2).raw() == KVM_REG_ARM_TIMER_CVAL, "KVM's swap");

}  // namespace
}  // namespace armstate

#endif  // __aarch64__
