// `VcpuThreads` runs the vCPUs of the minimal VMM, a thread for each, and serves the guest's requests to the VMM.
#ifndef ARMSTATE_CLIENT_KVM_TOOL_VCPU_THREADS_H_
#define ARMSTATE_CLIENT_KVM_TOOL_VCPU_THREADS_H_

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/kvm/vm.h"

namespace armstate {

// Example:
//   VcpuThreads threads(10, print);
//   threads.Start(vm.vcpu(0));
//   absl::Status status = threads.Wait(absl::Minutes(1));
//
// Takes SIGUSR1 for itself. Start and Wait are called by one thread.
class VcpuThreads {
 public:
  // `print` is called by the vCPUs' threads, one at a time.
  VcpuThreads(int lines, std::function<void(absl::string_view)> print);
  // Stops the vCPUs.
  ~VcpuThreads();

  void Start(KvmVcpuFd& vcpu);

  // Until the lines are printed, a vCPU does something that this machine has not, or the time is over. Then all vCPUs
  // have left KVM_RUN. See MinimalVmm::Run.
  absl::Status Wait(absl::Duration timeout);

 private:
  struct Running {
    KvmVcpuFd* vcpu;
    std::thread thread;
  };

  void RunVcpu(KvmVcpuFd& vcpu, size_t index);
  // Answers what the guest left for.
  void HandleExit(kvm_run& run, size_t index);
  void HandleMmio(kvm_run& run, size_t index);
  void Send(char character);
  bool finished();
  // The first one counts.
  void Finish(absl::Status status);
  void StopAll();

  const int lines_;
  const std::function<void(absl::string_view)> print_;
  std::vector<std::unique_ptr<Running>> running_;

  absl::Mutex mutex_;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  int printed_ ABSL_GUARDED_BY(mutex_) = 0;
  std::string line_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_KVM_TOOL_VCPU_THREADS_H_
