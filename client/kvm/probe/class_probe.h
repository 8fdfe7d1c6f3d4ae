// `ClassProbe` runs all experiments on VMs of one set of vCPU features.
#ifndef ARMSTATE_CLIENT_KVM_PROBE_CLASS_PROBE_H_
#define ARMSTATE_CLIENT_KVM_PROBE_CLASS_PROBE_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/kvm/probe/file_writer.h"
#include "client/kvm/probe/json.h"
#include "client/kvm/probe/probed_vm.h"
#include "client/kvm/probe/register_trials.h"

namespace armstate {

// Begins with the fresh VM of `vm`. Each method adds lines to the file and leaves a VM without traces of it. Call them
// in the order in which they stand; List first. Refers to its arguments. Not thread-safe.
class ClassProbe {
 public:
  // name: "pmu".
  ClassProbe(std::string name, ProbedVm& vm, ProbeFileWriter& file) : name_(std::move(name)), vm_(vm), file_(file) {}

  // IDs and values of all registers of both vCPUs. `line` has what else the list's line says.
  absl::Status List(const ProbeJson& line, const std::string& state);
  // The kind of reaction of one register to writes: "moving", "bits", "nibbles", "range", "fw", "vectors".
  absl::Status TryRegisters();
  // "effect": which other registers change with one.
  absl::Status TryEffects();
  // "fw" again, after a field of an ID register was set to 0 that tells the guest that it needs no workaround.
  absl::Status TryFirmwareWithoutSsbs();
  // "vm_wide": what the vCPUs share.
  absl::Status TryVmWide();
  // "pair" and "timer".
  absl::Status TryCounterPairs();
  absl::Status TryTimers();

 private:
  using Values = std::map<uint64_t, std::string>;

  absl::Status TryRegister(uint64_t id, uint64_t value);
  // All ones, to registers of more than 64 bits.
  absl::Status TryVectors();
  void AddTrial(const std::string& kind, uint64_t id, uint64_t value, Trial trial);
  ProbeJson Line(const std::string& kind) const;
  Values ReadAll(int vcpu);
  // Writes a value that is expected to be accepted, notes what else changes, and renews the VM if anything did.
  // True if it was accepted and nothing else changed.
  absl::StatusOr<bool> TryEffect(uint64_t id, uint64_t wanted);
  bool has(uint64_t id) const { return reset_.count(id) > 0; }

  std::string name_;
  ProbedVm& vm_;
  ProbeFileWriter& file_;
  std::vector<uint64_t> ids_;
  Values reset_;                                        // of vCPU 0
  std::set<uint64_t> moving_;                           // counters
  std::map<uint64_t, std::vector<uint64_t>> accepted_;  // other values that a register took
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_KVM_PROBE_CLASS_PROBE_H_
