// `KvmVm` is a VM of the real KVM (/dev/kvm), `KvmVcpuFd` one of its vCPUs.
#ifndef ARMSTATE_CLIENT_KVM_VM_H_
#define ARMSTATE_CLIENT_KVM_VM_H_

#include <linux/kvm.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "client/files/unique_fd.h"
#include "client/kvm/calls.h"

namespace armstate {

// A vCPU by its file descriptor and its mapped struct kvm_run, both the VMM's, who keeps them as long as this object.
// A descriptor works only in the process that made the VM: KVM answers EIO in another.
//
// Example, in a VMM:
//   KvmVcpuFd vcpu(vcpu_fd, run);
//   absl::StatusOr<KvmCapture> capture = CaptureKvmVcpus({&vcpu});
class KvmVcpuFd : public KvmVcpuCalls {
 public:
  KvmVcpuFd(int fd, kvm_run* run) : fd_(fd), run_(run) {}

  KvmErrno Init(const KvmVcpuInit& init) override;
  KvmErrno Finalize(int feature) override;
  KvmErrno GetRegisterIds(absl::Span<uint64_t> ids, uint64_t& count) override;
  KvmErrno GetRegister(uint64_t id, absl::Span<char> value) override;
  KvmErrno SetRegister(uint64_t id, absl::string_view value) override;
  KvmErrno GetEvents(KvmVcpuEvents& events) override;
  KvmErrno SetEvents(const KvmVcpuEvents& events) override;
  KvmErrno GetMpState(uint32_t& state) override;
  KvmErrno SetMpState(uint32_t state) override;
  KvmErrno CompletePendingExit() override;

  // KVM_RUN: until the guest needs the VMM; run() says for what. EINTR after a signal.
  KvmErrno Run();
  kvm_run& run() { return *run_; }
  int fd() const { return fd_; }

 private:
  int fd_;
  kvm_run* run_;
};

// A VM with all that belongs to it; everything ends with this object.
//
// Example:
//   absl::StatusOr<std::unique_ptr<KvmVm>> vm = KvmVm::Create();
//   absl::StatusOr<KvmVcpuFd*> vcpu = (*vm)->AddVcpu();
class KvmVm : public KvmVmCalls {
 public:
  // UNAVAILABLE if this host has no /dev/kvm for arm64 or does not let us use it; otherwise what the kernel answers.
  static absl::StatusOr<std::unique_ptr<KvmVm>> Create(const std::string& device = "/dev/kvm");
  ~KvmVm() override;

  int CheckCapability(KvmCapability capability) override;
  KvmErrno EnableCapability(KvmCapability capability) override;
  KvmErrno PreferredTarget(uint32_t& target) override;
  KvmErrno GetWritableMasks(absl::Span<uint64_t> masks) override;

  // The next vCPU, not initialised. It lives as long as the VM, at the same place.
  absl::StatusOr<KvmVcpuFd*> AddVcpu();
  size_t vcpu_count() const { return vcpus_.size(); }
  KvmVcpuFd& vcpu(size_t index) { return *vcpus_[index].calls; }

  // Gives the guest `size` bytes of zeroed memory at a guest-physical address, both multiples of the page size.
  absl::StatusOr<absl::Span<char>> AddMemory(uint64_t guest_address, size_t size);

  // An in-kernel GICv3 for the vCPUs that the VM has. After KVM_ARM_VCPU_INIT of all of them.
  absl::Status AddGicV3(uint64_t distributor, uint64_t redistributors);
  // The PMU of each vCPU, with a private interrupt. After AddGicV3.
  absl::Status InitPmus(int interrupt);

 private:
  struct Vcpu {
    std::unique_ptr<UniqueFd> fd;
    std::unique_ptr<KvmVcpuFd> calls;
  };

  KvmVm(int kvm_fd, int vm_fd, size_t run_size) : kvm_fd_(kvm_fd), vm_fd_(vm_fd), run_size_(run_size) {}

  UniqueFd kvm_fd_;
  UniqueFd vm_fd_;
  // Of struct kvm_run with what follows it, in bytes.
  size_t run_size_;
  std::vector<Vcpu> vcpus_;
  std::vector<absl::Span<char>> memory_;
  std::unique_ptr<UniqueFd> gic_fd_;
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_KVM_VM_H_
