// `ProbeHost` records what this host's KVM makes of values that are written to registers: the file from which armstated
// makes CPU profiles.
#ifndef ARMSTATE_CLIENT_KVM_PROBE_HOST_PROBE_H_
#define ARMSTATE_CLIENT_KVM_PROBE_HOST_PROBE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace armstate {

struct HostProbeResult {
  std::string text;    // of the file: client/kvm/probe/file_writer.h
  int classes = 0;     // sets of features
  uint64_t calls = 0;  // system calls on registers
};

// Experiments on scratch VMs: about a second of a real host. Nothing of it touches other VMs. host, cpu: names for
// people. cpus: the CPUs that the calling thread is pinned to and the probe is about, as Linux lists them; empty: all.
// UNAVAILABLE if this host has no KVM for us.
absl::StatusOr<HostProbeResult> ProbeHost(const std::string& host, const std::string& cpu, const std::string& cpus);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_KVM_PROBE_HOST_PROBE_H_
