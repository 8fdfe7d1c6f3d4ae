// `RestoreVcpus` restores all vCPUs of one VM of the engine, with the registers that they share.
#ifndef ARMSTATE_CORE_ENGINE_VM_H_
#define ARMSTATE_CORE_ENGINE_VM_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/engine_vcpu.h"
#include "core/restore.h"
#include "core/stop_check.h"

namespace armstate {

// The vCPUs of a VM, all in reset state.
std::vector<EngineVcpu> MakeVcpus(const std::shared_ptr<const CpuProfile>& profile, int count);

// Restores lists[i] into vcpus[i], keeping on over refusals: vCPU after vCPU, each in `order` (positions in the layout;
// empty: each one's own restore_order()). All are written before any is judged, as on KVM. As many reports as lists;
// `vcpus` has at least as many. The error is that of `stop`, which is asked for each vCPU; then some of them are
// written.
absl::StatusOr<std::vector<RestoreReport>> RestoreVcpus(absl::Span<const RegisterList* const> lists,
                                                        absl::Span<EngineVcpu> vcpus,
                                                        absl::Span<const uint32_t> order = {},
                                                        CounterPairWrites pairs = CounterPairWrites::kClearFirst,
                                                        const StopCheck& stop = NeverStop);

}  // namespace armstate

#endif  // ARMSTATE_CORE_ENGINE_VM_H_
