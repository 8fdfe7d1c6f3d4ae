// `PinProbe` finds the CPUs that a probe of this host is about, and keeps the probe on them.
#ifndef ARMSTATE_CLIENT_KVM_TOOL_PROBED_CPUS_H_
#define ARMSTATE_CLIENT_KVM_TOOL_PROBED_CPUS_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace armstate {

// MIDR_EL1 by CPU.
using CpuIds = std::map<int, uint64_t>;

struct ProbedCpus {
  // As Linux lists them; empty: the probe is about all CPUs of the host.
  std::string cpus;
  // The CPUs of other kinds, which need probes of their own; empty if there are none.
  std::string others;
  // Of the probed CPUs; 0 if it is not known.
  uint64_t midr = 0;
};

// Reads regs/identification/midr_el1 of each CPU below `folder`, normally /sys/devices/system/cpu. Linux shows it for
// each CPU that is online. Empty if there is none.
CpuIds ReadCpuIds(const std::string& folder);

// `cpus` are those on which the probe may run; `is_chosen`: the user has named them. FAILED_PRECONDITION if they are of
// several kinds, that is, have different MIDR_EL1: such a probe would be true of none.
absl::StatusOr<ProbedCpus> ChooseProbedCpus(absl::Span<const int> cpus, bool is_chosen, const CpuIds& ids);

// Pins the calling thread to `wanted` ("0-3,8"), or leaves it where it may run if `wanted` is empty, and chooses.
// INVALID_ARGUMENT for text that ParseCpuList refuses; FAILED_PRECONDITION also for CPUs on which this process may not
// run.
absl::StatusOr<ProbedCpus> PinProbe(const std::string& wanted);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_KVM_TOOL_PROBED_CPUS_H_
