// `KvmVcpuCalls` and `KvmVmCalls` are the interface to KVM: the kernel's calls on one vCPU and on its VM, with errnos.
// A real one is client/kvm/vm.h; tests have a fake.
#ifndef ARMSTATE_CLIENT_KVM_CALLS_H_
#define ARMSTATE_CLIENT_KVM_CALLS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "client/kvm/abi.h"

namespace armstate {

// The kernel's answer: 0 for success, otherwise an errno.
using KvmErrno = int;

// "EINVAL"; the number as text if it is not an errno that is known here.
std::string ErrnoName(KvmErrno error);

// OK, or "KVM_CREATE_VM: EINVAL (Invalid argument)".
absl::Status KvmStatus(absl::string_view call, KvmErrno error);

// The calls on one vCPU. Not thread-safe: as in KVM, one thread at a time.
class KvmVcpuCalls {
 public:
  virtual ~KvmVcpuCalls() = default;

  // KVM_ARM_VCPU_INIT.
  virtual KvmErrno Init(const KvmVcpuInit& init) = 0;
  // KVM_ARM_VCPU_FINALIZE of a feature (VcpuFeature).
  virtual KvmErrno Finalize(int feature) = 0;
  // KVM_GET_REG_LIST: fills `ids` and sets `count` to how many the vCPU has; E2BIG if those are more than `ids` holds.
  virtual KvmErrno GetRegisterIds(absl::Span<uint64_t> ids, uint64_t& count) = 0;
  // KVM_GET_ONE_REG: `value` is as long as the ID says, and on errors as it was.
  virtual KvmErrno GetRegister(uint64_t id, absl::Span<char> value) = 0;
  // KVM_SET_ONE_REG: `value` is as long as the ID says.
  virtual KvmErrno SetRegister(uint64_t id, absl::string_view value) = 0;
  virtual KvmErrno GetEvents(KvmVcpuEvents& events) = 0;
  virtual KvmErrno SetEvents(const KvmVcpuEvents& events) = 0;
  // KVM_GET_MP_STATE and KVM_SET_MP_STATE: whether the vCPU runs (0) or is switched off by PSCI (5), and the like.
  virtual KvmErrno GetMpState(uint32_t& state) = 0;
  virtual KvmErrno SetMpState(uint32_t state) = 0;
  // Finishes an instruction that left the guest for the VMM (a load from a device): KVM_RUN that returns before the
  // guest's next instruction. Where none is pending nothing happens.
  virtual KvmErrno CompletePendingExit() = 0;
};

// The calls on a VM.
class KvmVmCalls {
 public:
  virtual ~KvmVmCalls() = default;

  // KVM_CHECK_EXTENSION: 0 for what the host lacks; what another number means depends on the capability.
  virtual int CheckCapability(KvmCapability capability) = 0;
  // KVM_ENABLE_CAP, before there are vCPUs.
  virtual KvmErrno EnableCapability(KvmCapability capability) = 0;
  // KVM_ARM_PREFERRED_TARGET: sets `target`.
  virtual KvmErrno PreferredTarget(uint32_t& target) = 0;
  // KVM_ARM_GET_REG_WRITABLE_MASKS: kKvmFeatureIdMasks masks. ENOTTY on kernels before 6.7.
  virtual KvmErrno GetWritableMasks(absl::Span<uint64_t> masks) = 0;
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_KVM_CALLS_H_
