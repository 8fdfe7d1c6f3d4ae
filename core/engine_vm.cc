#include "core/engine_vm.h"

namespace armstate {
namespace {

// A register of the whole VM does not keep this vCPU's value when the last one's list has another.
void ExplainVmWide(const CpuProfile& profile, const RegisterList& last, RestoreReport& report) {
  for (RegisterFinding& finding : report.findings) {
    if (finding.outcome != RegisterOutcome::kIgnored && finding.outcome != RegisterOutcome::kDiffers) continue;
    const absl::optional<size_t> index = profile.layout()->Find(finding.id);
    const absl::optional<absl::string_view> value = last.Find(finding.id);
    if (!index || !profile.is_vm_wide(*index) || !value || *value == finding.wanted) continue;
    finding.reason = "the VM has one value of it, to which another vCPU of the checkpoint gives another value";
  }
}

}  // namespace

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
    ExplainVmWide(vcpus[i].profile(), *lists[lists.size() - 1], reports.back());
  }
  return reports;
}

}  // namespace armstate
