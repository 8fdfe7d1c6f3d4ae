// Machine is a VM that the engine hosts: vCPUs of one CPU profile.
#ifndef ARMSTATE_SERVER_MACHINES_MACHINE_H_
#define ARMSTATE_SERVER_MACHINES_MACHINE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "armstate/v1/engine_service.pb.h"
#include "core/engine_vcpu.h"
#include "core/vcpu_state.h"
#include "server/profiles/registry.h"

namespace armstate {

// Not thread-safe.
class Machine {
 public:
  // Makes a machine with all vCPUs in reset state. `info` must be complete except for register_count.
  Machine(v1::Machine info, std::shared_ptr<const CpuProfile> profile);

  // Decodes the result of Encode(). DATA_LOSS if the bytes cannot be read; FAILED_PRECONDITION, reason
  // MACHINE_UNUSABLE, if the profile no longer exists or now has other registers.
  static absl::StatusOr<Machine> Decode(absl::string_view bytes, const ProfileRegistry& profiles);
  std::string Encode() const;

  const v1::Machine& info() const { return info_; }
  const CpuProfile& profile() const { return *profile_; }
  std::vector<EngineVcpu>& vcpus() { return vcpus_; }

  void Reset();
  // Returns all registers and opaque fields of all vCPUs.
  std::vector<VcpuState> Capture() const;
  // Stores opaque fields. The engine does not use them; the next capture returns them.
  void SetOpaqueFields(const std::vector<VcpuState>& states);

 private:
  // Returns the state of vCPU `vcpu` with these register values.
  VcpuState State(size_t vcpu, std::string values) const;

  v1::Machine info_;
  std::shared_ptr<const CpuProfile> profile_;
  std::vector<EngineVcpu> vcpus_;
  std::vector<std::vector<OpaqueField>> opaque_fields_;  // by vCPU
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_MACHINES_MACHINE_H_
