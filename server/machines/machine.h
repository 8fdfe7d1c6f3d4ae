// A VM hosted by the engine: some vCPUs of one CPU profile.
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
  // All vCPUs in reset state. `info` is complete, but for register_count.
  Machine(v1::Machine info, std::shared_ptr<const CpuProfile> profile);

  // From Encode(). DATA_LOSS if the bytes cannot be read, FAILED_PRECONDITION, reason MACHINE_UNUSABLE, if its profile
  // is not known any more or now has other registers.
  static absl::StatusOr<Machine> Decode(absl::string_view bytes, const ProfileRegistry& profiles);
  std::string Encode() const;

  const v1::Machine& info() const { return info_; }
  const CpuProfile& profile() const { return *profile_; }
  std::vector<EngineVcpu>& vcpus() { return vcpus_; }

  void Reset();
  // All registers and opaque fields of all vCPUs.
  std::vector<VcpuState> Capture() const;
  // The engine has no use for opaque fields, but gives them back with the next capture.
  void SetOpaqueFields(const std::vector<VcpuState>& states);

 private:
  // Of vCPU `vcpu`, with these register values.
  VcpuState State(size_t vcpu, std::string values) const;

  v1::Machine info_;
  std::shared_ptr<const CpuProfile> profile_;
  std::vector<EngineVcpu> vcpus_;
  std::vector<std::vector<OpaqueField>> opaque_fields_;  // of each vCPU
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_MACHINES_MACHINE_H_
