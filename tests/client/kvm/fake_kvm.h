// KVM without a kernel: vCPUs of the engine behind KVM's calls, with the errors that a real kernel makes.
#ifndef ARMSTATE_TESTS_CLIENT_KVM_FAKE_KVM_H_
#define ARMSTATE_TESTS_CLIENT_KVM_FAKE_KVM_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "client/kvm/calls.h"
#include "core/engine_vcpu.h"
#include "core/vcpu_feature.h"

namespace armstate {

// What a host has.
struct FakeKvmHost {
  uint32_t preferred_target = 5;
  // Bits of KVM_ARM_VCPU_INIT; what it answers to the lowest bit that is not one of them, EINVAL if that is not here.
  uint32_t feature_bits = 0;
  std::map<int, KvmErrno> init_errors;
  bool memory_tagging = false;
  bool writable_implementation_id = false;
  // What a VM of these features is. Null: none is.
  std::function<std::shared_ptr<const CpuProfile>(const VcpuFeatures&)> profile;
};

// A VM and its vCPUs. Until a vCPU is initialised its calls answer ENOEXEC; one with SVE that is not finalised answers
// EPERM where KVM does.
class FakeKvm : public KvmVmCalls {
 public:
  FakeKvm(FakeKvmHost host, int vcpu_count);
  ~FakeKvm() override;

  int CheckCapability(KvmCapability capability) override;
  KvmErrno EnableCapability(KvmCapability capability) override;
  KvmErrno PreferredTarget(uint32_t& target) override;
  KvmErrno GetWritableMasks(absl::Span<uint64_t> masks) override;

  std::vector<KvmVcpuCalls*> vcpus();

  // Wrong things that a kernel may do, for all vCPUs.
  struct Faults {
    std::map<uint64_t, KvmErrno> get, set;  // by register
    // What KVM_GET_REG_LIST answers; 0: as it should.
    KvmErrno list = 0;
    // Added to the number that KVM_GET_REG_LIST says with E2BIG: the list is shorter, or longer, when it is asked
    // again.
    int64_t list_miscount = 0;
    // Listed besides, as it is.
    std::vector<uint64_t> listed_too;
    KvmErrno run = 0, get_events = 0, set_events = 0, set_mp_state = 0, finalize = 0;
  };
  Faults faults;

  // What was called, in order: "0 init target=5 features=0xc", "0 finalize 4", "1 set 0x603000000013c080", "0 run".
  std::vector<std::string> calls;

 private:
  class Vcpu;

  // The engine's vCPU, with what the whole VM shares brought up to date.
  EngineVcpu& Current(size_t index);

  FakeKvmHost host_;
  VcpuFeatures features_;
  std::vector<std::unique_ptr<Vcpu>> vcpus_;
  std::vector<EngineVcpu> engine_;
  size_t last_written_ = 0;
};

// The number of "EINVAL".
KvmErrno ErrnoOfName(const std::string& name);

}  // namespace armstate

#endif  // ARMSTATE_TESTS_CLIENT_KVM_FAKE_KVM_H_
