#include "core/engine_vm.h"

namespace armstate {

std::vector<EngineVcpu> MakeVcpus(const std::shared_ptr<const CpuProfile>& profile, int count) {
  std::vector<EngineVcpu> vcpus;
  for (int index = 0; index < count; ++index) vcpus.emplace_back(profile, VcpuPosition{index, count});
  return vcpus;
}

absl::StatusOr<std::vector<RestoreReport>> RestoreVcpus(absl::Span<const RegisterList* const> lists,
                                                        absl::Span<EngineVcpu> vcpus, absl::Span<const uint32_t> order,
                                                        CounterPairWrites pairs, const StopCheck& stop) {
  std::vector<RegisterRestore> restores;
  for (size_t i = 0; i < lists.size(); ++i) {
    if (absl::Status status = stop(); !status.ok()) return status;
    if (i > 0) vcpus[i].AdoptVmWide(vcpus[i - 1]);
    restores.emplace_back(*lists[i], vcpus[i]);
    restores.back().Write(order.empty() ? vcpus[i].restore_order() : order, pairs);
  }
  std::vector<RestoreReport> reports;
  for (size_t i = 0; i < lists.size(); ++i) {
    if (absl::Status status = stop(); !status.ok()) return status;
    vcpus[i].AdoptVmWide(vcpus[lists.size() - 1]);
    reports.push_back(restores[i].Judge());
  }
  return reports;
}

}  // namespace armstate
