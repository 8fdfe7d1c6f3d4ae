// `TryBits` and the like write values to one register and record what KVM makes of them. Each trial puts the old value
// back, or renews the VM.
#ifndef ARMSTATE_CLIENT_KVM_PROBE_REGISTER_TRIALS_H_
#define ARMSTATE_CLIENT_KVM_PROBE_REGISTER_TRIALS_H_

#include <cstdint>
#include <vector>

#include "absl/types/optional.h"
#include "client/kvm/probe/json.h"
#include "client/kvm/probe/probed_vm.h"

namespace armstate {

struct Trial {
  // Members of the experiment's line, as server/probe/parse_experiment.cc reads them.
  ProbeJson result = ProbeJson::object();
  // Other values that were accepted and read back.
  std::vector<uint64_t> accepted;
};

// All on vCPU 0, and on a register of at most 64 bits which now holds `value`, its value in a fresh VM. See
// ProbedVm::status() for failures.

// Each bit changed on its own: "sticks", "ignored", "other", "rejected". All at once first: where that sticks, as it
// does in most registers, it is the only write.
Trial TryBits(ProbedVm& vm, uint64_t id, uint64_t value);

// Each value of each 4-bit field: "accepted", "changed", "errnos".
Trial TryFields(ProbedVm& vm, uint64_t id, uint64_t value);

// Each value of bits shift .. shift + width - 1: "shift", "width", "accepted" (a bitmap, bit v for value v), "changed",
// "errnos".
Trial TryRange(ProbedVm& vm, uint64_t id, uint64_t value, uint32_t shift, uint32_t width);

// Whole values: "tries".
Trial TryValues(ProbedVm& vm, uint64_t id, uint64_t value, const std::vector<uint64_t>& tries);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_KVM_PROBE_REGISTER_TRIALS_H_
