#include "client/kvm/probe/scratch_vm.h"

#include <linux/kvm.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/kvm/probe/json.h"

namespace armstate {
namespace {

constexpr uint64_t kDistributor = 0x0800'0000;
constexpr uint64_t kRedistributors = 0x080a'0000;
constexpr int kPmuPrivateInterrupt = 23;
constexpr uint64_t kMemory = 0x4000'0000;
constexpr size_t kMemorySize = 0x1'0000;  // one page of any page size
constexpr uint64_t kPc = 0x6030'0000'0010'0040;
// mov x1, #0x10000000; str w0, [x1]: a store to an address without memory, which ends KVM_RUN.
constexpr uint32_t kPayload[] = {0xd2a2'0001, 0xb900'0020};

absl::StatusOr<std::unique_ptr<KvmVm>> CreateVm(const VcpuFeatures& features) {
  absl::StatusOr<std::unique_ptr<KvmVm>> vm = KvmVm::Create();
  if (!vm.ok()) return vm.status();
  const std::pair<bool, KvmCapability> capabilities[] = {
      {features.memory_tagging, KvmCapability::kMemoryTagging},
      {features.writable_implementation_id, KvmCapability::kWritableImplementationId}};
  for (const auto& [wanted, capability] : capabilities) {
    if (!wanted) continue;
    if (const KvmErrno error = (*vm)->EnableCapability(capability); error != 0) {
      return KvmStatus("KVM_ENABLE_CAP", error);
    }
  }
  return vm;
}

// Interrupts a KVM_RUN that does not return; it then ends with EINTR.
class RunLimit {
 public:
  RunLimit() {
    struct sigaction action = {};
    action.sa_handler = [](int) {};  // and no SA_RESTART
    sigaction(SIGALRM, &action, &before_);
    constexpr unsigned kSeconds = 5;
    alarm(kSeconds);
  }
  ~RunLimit() {
    alarm(0);
    sigaction(SIGALRM, &before_, nullptr);
  }

 private:
  struct sigaction before_ = {};
};

}  // namespace

absl::StatusOr<ScratchVm> CreateScratchVm(const VcpuFeatures& features, absl::optional<uint64_t> vector_lengths) {
  absl::StatusOr<std::unique_ptr<KvmVm>> vm = CreateVm(features);
  if (!vm.ok()) return vm.status();
  KvmVcpuInit init;
  if (const KvmErrno error = (*vm)->PreferredTarget(init.target); error != 0) {
    return KvmStatus("KVM_ARM_PREFERRED_TARGET", error);
  }
  init.features[0] = features.bits;
  std::vector<KvmVcpuCalls*> vcpus;
  for (int index = 0; index < 2; ++index) {
    const absl::StatusOr<KvmVcpuFd*> vcpu = (*vm)->AddVcpu();
    if (!vcpu.ok()) return vcpu.status();
    if (const KvmErrno error = (*vcpu)->Init(init); error != 0) return KvmStatus("KVM_ARM_VCPU_INIT", error);
    if (vector_lengths) {
      const std::string value = BytesOf(*vector_lengths, WidthOf(kKvmSveVectorLengths));
      const KvmErrno error = (*vcpu)->SetRegister(kKvmSveVectorLengths, value);
      if (error != 0) return KvmStatus("KVM_SET_ONE_REG of SVE_VLS", error);
    }
    if (features.has(VcpuFeature::kSve)) {
      const KvmErrno error = (*vcpu)->Finalize(static_cast<int>(VcpuFeature::kSve));
      if (error != 0) return KvmStatus("KVM_ARM_VCPU_FINALIZE", error);
    }
    vcpus.push_back(*vcpu);
  }
  if (absl::Status status = (*vm)->AddGicV3(kDistributor, kRedistributors); !status.ok()) return status;
  if (features.has(VcpuFeature::kPmuV3)) {
    if (absl::Status status = (*vm)->InitPmus(kPmuPrivateInterrupt); !status.ok()) return status;
  }
  return ScratchVm{*std::move(vm), std::move(vcpus)};
}

absl::StatusOr<ScratchVm> CreateUnfinishedVm(const VcpuFeatures& features, uint32_t target, KvmErrno& error) {
  absl::StatusOr<std::unique_ptr<KvmVm>> vm = CreateVm(features);
  if (!vm.ok()) return vm.status();
  const absl::StatusOr<KvmVcpuFd*> vcpu = (*vm)->AddVcpu();
  if (!vcpu.ok()) return vcpu.status();
  KvmVcpuInit init;
  init.target = target;
  init.features[0] = features.bits;
  error = (*vcpu)->Init(init);
  return ScratchVm{*std::move(vm), {*vcpu}};
}

absl::Status RunPayload(KvmVm& vm) {
  const absl::StatusOr<absl::Span<char>> memory = vm.AddMemory(kMemory, kMemorySize);
  if (!memory.ok()) return memory.status();
  const auto* payload = reinterpret_cast<const char*>(kPayload);
  std::copy(payload, payload + sizeof(kPayload), memory->begin());
  const RunLimit limit;
  for (size_t i = 0; i < vm.vcpu_count(); ++i) {
    KvmVcpuFd& vcpu = vm.vcpu(i);
    if (const KvmErrno error = vcpu.SetRegister(kPc, BytesOf(kMemory, 8)); error != 0) {
      return KvmStatus("KVM_SET_ONE_REG of the PC", error);
    }
    if (const KvmErrno error = vcpu.Run(); error != 0) return KvmStatus("KVM_RUN", error);
    if (vcpu.run().exit_reason != KVM_EXIT_MMIO) {
      return absl::UnavailableError(absl::StrCat("KVM_RUN ended with exit reason ", vcpu.run().exit_reason));
    }
    if (const KvmErrno error = vcpu.CompletePendingExit(); error != 0) return KvmStatus("KVM_RUN", error);
  }
  return absl::OkStatus();
}

}  // namespace armstate
