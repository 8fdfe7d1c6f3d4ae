#include "client/kvm/tool/vcpu_threads.h"

#include <pthread.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/kvm/tool/minimal_vmm.h"

namespace armstate {
namespace {

constexpr uint64_t kUartSize = 0x1000;
// A guest that never ends a line must not exhaust the host's memory.
constexpr size_t kMaxLine = 4096;

// The signal only interrupts KVM_RUN; there is nothing to do.
void OnSignal(int /*signal*/) {}

void SetImmediateExit(kvm_run& run, uint8_t value) { __atomic_store_n(&run.immediate_exit, value, __ATOMIC_SEQ_CST); }

}  // namespace

VcpuThreads::VcpuThreads(int lines, std::function<void(absl::string_view)> print)
    : lines_(lines), print_(std::move(print)) {
  struct sigaction action = {};
  action.sa_handler = OnSignal;  // without SA_RESTART
  sigaction(SIGUSR1, &action, nullptr);
}

VcpuThreads::~VcpuThreads() { StopAll(); }

void VcpuThreads::Start(KvmVcpuFd& vcpu) {
  running_.push_back(std::make_unique<Running>());
  Running& running = *running_.back();
  running.vcpu = &vcpu;
  running.thread = std::thread([this, &vcpu, index = running_.size() - 1] { RunVcpu(vcpu, index); });
}

absl::Status VcpuThreads::Wait(absl::Duration timeout) {
  {
    absl::MutexLock lock(&mutex_);
    if (!mutex_.AwaitWithTimeout(absl::Condition(&finished_), timeout)) {
      finished_ = true;
      status_ = absl::DeadlineExceededError(
          absl::StrCat("the guest printed ", printed_, " of ", lines_, " lines in ", absl::FormatDuration(timeout)));
    }
  }
  StopAll();
  absl::MutexLock lock(&mutex_);
  return status_;
}

void VcpuThreads::StopAll() {
  Finish(absl::OkStatus());
  for (const auto& running : running_) {
    // In this order: a thread that is outside of KVM_RUN when the signal arrives then leaves KVM_RUN at once.
    SetImmediateExit(running->vcpu->run(), 1);
    pthread_kill(running->thread.native_handle(), SIGUSR1);
  }
  for (const auto& running : running_) {
    running->thread.join();
    SetImmediateExit(running->vcpu->run(), 0);
  }
  running_.clear();
}

void VcpuThreads::RunVcpu(KvmVcpuFd& vcpu, size_t index) {
  while (!finished()) {
    const KvmErrno error = vcpu.Run();
    if (error == EINTR) continue;
    if (error != 0) {
      Finish(KvmStatus(absl::StrCat("vCPU ", index, ": KVM_RUN"), error));
      return;
    }
    HandleExit(vcpu.run(), index);
  }
}

void VcpuThreads::HandleExit(kvm_run& run, size_t index) {
  switch (run.exit_reason) {
    case KVM_EXIT_MMIO:
      HandleMmio(run, index);
      return;
    case KVM_EXIT_INTR:
      return;
    case KVM_EXIT_SYSTEM_EVENT:
      Finish(absl::InternalError(absl::StrCat("the guest switched itself off (event ", run.system_event.type, ")")));
      return;
    default:
      Finish(absl::InternalError(absl::StrCat("vCPU ", index, ": KVM exit ", run.exit_reason, " is not expected")));
  }
}

void VcpuThreads::HandleMmio(kvm_run& run, size_t index) {
  const uint64_t address = run.mmio.phys_addr;
  if (address < kGuestUart || address - kGuestUart >= kUartSize) {
    Finish(absl::InternalError(
        absl::StrFormat("vCPU %u: the guest accesses 0x%x, where this machine has nothing", index, address)));
    return;
  }
  if (run.mmio.is_write == 0) {
    std::fill(std::begin(run.mmio.data), std::end(run.mmio.data), 0);  // UARTFR: the transmit FIFO is never full
  } else if (address == kGuestUart) {
    Send(static_cast<char>(run.mmio.data[0]));
  }
}

void VcpuThreads::Send(char character) {
  absl::MutexLock lock(&mutex_);
  if (character != '\n') line_.push_back(character);
  if (finished_ || (character != '\n' && line_.size() < kMaxLine)) return;
  print_(line_);
  line_.clear();
  ++printed_;
  if (printed_ >= lines_) finished_ = true;
}

bool VcpuThreads::finished() {
  absl::MutexLock lock(&mutex_);
  return finished_;
}

void VcpuThreads::Finish(absl::Status status) {
  absl::MutexLock lock(&mutex_);
  if (finished_) return;
  finished_ = true;
  status_ = std::move(status);
}

}  // namespace armstate
