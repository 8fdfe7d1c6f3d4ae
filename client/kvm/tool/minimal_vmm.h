// `MinimalVmm` is the smallest VMM that can run a guest payload on KVM, capture it, and continue it after a restore.
#ifndef ARMSTATE_CLIENT_KVM_TOOL_MINIMAL_VMM_H_
#define ARMSTATE_CLIENT_KVM_TOOL_MINIMAL_VMM_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "client/kvm/restore.h"
#include "client/kvm/vm.h"
#include "core/vcpu_feature.h"
#include "core/vcpu_state.h"

namespace armstate {

// The guest's machine is the part of QEMU's `virt` that a payload needs, at the same addresses: memory from 0x40000000,
// a GICv3 (in the kernel), and a PL011 that only sends.
inline constexpr uint64_t kGuestMemory = 0x4000'0000;
inline constexpr uint64_t kGuestEntry = kGuestMemory + 0x8'0000;  // of a payload, as of QEMU's -kernel
inline constexpr uint64_t kGuestUart = 0x0900'0000;
inline constexpr int kMaxGuestVcpus = 8;
inline constexpr size_t kMaxGuestMemory = size_t{1} << 30;

// Not thread-safe. The vCPUs' threads live only inside Run.
class MinimalVmm {
 public:
  struct Options {
    VcpuFeatures features;
    // 1 to kMaxGuestVcpus.
    int vcpu_count = 1;
    // In bytes: a multiple of 64 KiB, the largest page, up to kMaxGuestMemory.
    size_t memory_size = size_t{16} << 20;
  };

  // A VM whose vCPUs are ready for restorer().Write(states), or are as after reset if there are no states; nothing has
  // run. UNAVAILABLE without /dev/kvm; INVALID_ARGUMENT for options out of range.
  static absl::StatusOr<std::unique_ptr<MinimalVmm>> Create(const Options& options,
                                                            absl::Span<const VcpuState> states = {});

  KvmRestorer& restorer() { return restorer_; }
  std::vector<KvmVcpuCalls*> vcpu_calls();
  // All of the guest's memory.
  absl::Span<char> memory() { return memory_; }

  // Copies a flat binary to kGuestEntry and lets vCPU 0 begin there; the others wait for PSCI. INVALID_ARGUMENT if it
  // does not fit into memory.
  absl::Status Load(absl::string_view payload);

  // Runs the vCPUs, each in a thread, until the guest has printed `lines` lines; gives each line to `print`, without
  // its end. Then all vCPUs stand still. DEADLINE_EXCEEDED if that takes longer than `timeout`; INTERNAL for a guest
  // that does what this machine has not.
  absl::Status Run(int lines, absl::Duration timeout, const std::function<void(absl::string_view)>& print);

 private:
  explicit MinimalVmm(std::unique_ptr<KvmVm> vm) : vm_(std::move(vm)), restorer_(*vm_) {}

  std::unique_ptr<KvmVm> vm_;
  KvmRestorer restorer_;
  absl::Span<char> memory_;
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_KVM_TOOL_MINIMAL_VMM_H_
