#include "client/kvm/tool/minimal_vmm.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/kvm/tool/vcpu_threads.h"

namespace armstate {
namespace {

// The addresses of QEMU's `virt` machine.
constexpr uint64_t kGicDistributor = 0x0800'0000;
constexpr uint64_t kGicRedistributors = 0x080a'0000;
constexpr int kPmuInterruptNumber = 23;
constexpr size_t kLargestPage = 0x1'0000;

constexpr uint64_t kProgramCounter = 0x6030'0000'0010'0040;
constexpr uint32_t kMpStateStopped = 5;

absl::Status CheckOptions(const MinimalVmm::Options& options) {
  if (options.vcpu_count < 1 || options.vcpu_count > kMaxGuestVcpus) {
    return absl::InvalidArgumentError(
        absl::StrCat("a VM of ", options.vcpu_count, " vCPUs is not possible: it has from 1 to ", kMaxGuestVcpus));
  }
  if (options.memory_size == 0 || options.memory_size > kMaxGuestMemory || options.memory_size % kLargestPage != 0) {
    return absl::InvalidArgumentError(absl::StrCat("guest memory of ", options.memory_size,
                                                   " bytes is not possible: it is a multiple of 64 KiB, up to 1 GiB"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<MinimalVmm>> MinimalVmm::Create(const Options& options,
                                                               absl::Span<const VcpuState> states) {
  if (absl::Status status = CheckOptions(options); !status.ok()) return status;
  absl::StatusOr<std::unique_ptr<KvmVm>> vm = KvmVm::Create();
  if (!vm.ok()) return vm.status();
  std::unique_ptr<MinimalVmm> vmm(new MinimalVmm(*std::move(vm)));
  const absl::StatusOr<absl::Span<char>> memory = vmm->vm_->AddMemory(kGuestMemory, options.memory_size);
  if (!memory.ok()) return memory.status();
  vmm->memory_ = *memory;
  vmm->restorer_.Prepare(options.features);
  for (int i = 0; i < options.vcpu_count; ++i) {
    const absl::StatusOr<KvmVcpuFd*> vcpu = vmm->vm_->AddVcpu();
    if (!vcpu.ok()) return vcpu.status();
  }
  const std::vector<VcpuState> after_reset(static_cast<size_t>(options.vcpu_count));
  absl::Status status = vmm->restorer_.Init(vmm->vcpu_calls(), states.empty() ? after_reset : states);
  if (!status.ok()) return status;
  if (absl::Status status = vmm->vm_->AddGicV3(kGicDistributor, kGicRedistributors); !status.ok()) return status;
  if (vmm->restorer_.features().has(VcpuFeature::kPmuV3)) {
    if (absl::Status status = vmm->vm_->InitPmus(kPmuInterruptNumber); !status.ok()) return status;
  }
  return vmm;
}

std::vector<KvmVcpuCalls*> MinimalVmm::vcpu_calls() {
  std::vector<KvmVcpuCalls*> calls;
  for (size_t i = 0; i < vm_->vcpu_count(); ++i) calls.push_back(&vm_->vcpu(i));
  return calls;
}

absl::Status MinimalVmm::Load(absl::string_view payload) {
  const size_t offset = kGuestEntry - kGuestMemory;
  if (payload.empty() || offset > memory_.size() || payload.size() > memory_.size() - offset) {
    return absl::InvalidArgumentError(absl::StrCat("a payload of ", payload.size(), " bytes does not fit into ",
                                                   memory_.size(), " bytes of memory behind the first ", offset));
  }
  std::copy(payload.begin(), payload.end(), memory_.begin() + offset);
  std::string entry;
  for (int i = 0; i < 8; ++i) entry.push_back(static_cast<char>(kGuestEntry >> 8 * i));
  if (const KvmErrno error = vm_->vcpu(0).SetRegister(kProgramCounter, entry); error != 0) {
    return KvmStatus("KVM_SET_ONE_REG of the PC", error);
  }
  for (size_t i = 1; i < vm_->vcpu_count(); ++i) {
    if (const KvmErrno error = vm_->vcpu(i).SetMpState(kMpStateStopped); error != 0) {
      return KvmStatus("KVM_SET_MP_STATE", error);
    }
  }
  return absl::OkStatus();
}

absl::Status MinimalVmm::Run(int lines, absl::Duration timeout, const std::function<void(absl::string_view)>& print) {
  if (lines <= 0) return absl::OkStatus();
  VcpuThreads threads(lines, print);
  for (size_t i = 0; i < vm_->vcpu_count(); ++i) threads.Start(vm_->vcpu(i));
  return threads.Wait(timeout);
}

}  // namespace armstate
