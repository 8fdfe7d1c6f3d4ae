// `ProbedVm` is the VM on which a probe makes its experiments.
#ifndef ARMSTATE_CLIENT_KVM_PROBE_PROBED_VM_H_
#define ARMSTATE_CLIENT_KVM_PROBE_PROBED_VM_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/kvm/calls.h"
#include "client/kvm/probe/scratch_vm.h"

namespace armstate {

// The registers of a scratch VM, which is replaced by a fresh one where an experiment cannot be undone. Counts the
// system calls. Not thread-safe.
class ProbedVm {
 public:
  using Factory = std::function<absl::StatusOr<ScratchVm>()>;

  explicit ProbedVm(Factory factory) : factory_(std::move(factory)) { Renew(); }

  // A fresh VM. Where that fails status() says so, and everything else fails with EIO.
  void Renew();
  const absl::Status& status() const { return status_; }

  // In KVM's order; empty if KVM does not tell.
  std::vector<uint64_t> List(int vcpu);
  // `value`: little-endian bytes, as wide as the ID says; empty after an error.
  KvmErrno Read(int vcpu, uint64_t id, std::string& value);
  KvmErrno Write(int vcpu, uint64_t id, const std::string& value);
  // Registers of at most 64 bits.
  KvmErrno ReadWord(int vcpu, uint64_t id, uint64_t& word);
  KvmErrno WriteWord(int vcpu, uint64_t id, uint64_t word);

  // Precondition: status() is OK.
  ScratchVm& scratch() { return scratch_; }
  uint64_t calls() const { return calls_; }

 private:
  Factory factory_;
  ScratchVm scratch_;
  absl::Status status_;
  uint64_t calls_ = 0;
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_KVM_PROBE_PROBED_VM_H_
