#include "server/restores/plan.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/catalog.h"
#include "core/merge.h"
#include "core/planned_value.h"
#include "core/restore_order.h"

namespace armstate {
namespace {

void AddWrite(RegisterId id, IdScheme scheme, std::string value, v1::VcpuRestorePlan& plan) {
  v1::PlannedWrite* write = plan.add_writes();
  write->set_register_id(id.raw());
  write->set_name(RegisterName(id, scheme));
  write->set_value(std::move(value));
  write->set_phase(static_cast<int>(RestorePhaseOf(id, scheme)));
}

void Omit(RegisterId id, IdScheme scheme, std::string reason, v1::VcpuRestorePlan& plan) {
  v1::PlanOmission* omission = plan.add_omissions();
  omission->set_register_id(id.raw());
  omission->set_name(RegisterName(id, scheme));
  omission->set_reason(std::move(reason));
}

std::string Refusal(const RegisterFinding& finding) {
  if (finding.outcome == RegisterOutcome::kWriteUndetermined) return "it is unknown whether the target accepts it";
  return absl::StrCat("the target would refuse it with ", finding.error);
}

std::string Tolerated(absl::string_view what, const RegisterFinding* finding) {
  return finding == nullptr || finding->tolerance.empty() ? std::string(what)
                                                          : absl::StrCat(what, "; tolerated by ", finding->tolerance);
}

const RegisterFinding* FindingOf(const RestoreReport& report, RegisterId id) {
  const auto found = std::lower_bound(report.findings.begin(), report.findings.end(), id,
                                      [](const RegisterFinding& f, RegisterId wanted) { return f.id < wanted; });
  return found == report.findings.end() || found->id != id ? nullptr : &*found;
}

// `before` is the list of the previous vCPU; null for the first one.
void PlanList(const RegisterList& list, const RegisterList* before, const CpuProfile& profile,
              const RestoreReport& report, v1::VcpuRestorePlan& plan) {
  const RegisterLayout& own = *profile.layout();
  const IdScheme scheme = profile.scheme();
  const LayoutMerge merge = MergeLayouts(own, list.layout());
  std::vector<absl::optional<uint32_t>> incoming(own.size());
  for (size_t k = 0; k < merge.common_own.size(); ++k) incoming[merge.common_own[k]] = merge.common_incoming[k];
  std::vector<bool> clears(own.size());
  for (const CounterPair& pair : profile.counter_pairs()) clears[pair.clear] = incoming[pair.set].has_value();
  for (const uint32_t index : profile.restore_order()) {
    const RegisterId id = own.id(index);
    if (clears[index]) {
      AddWrite(id, scheme, std::string(id.width(), '\xff'), plan);
      continue;
    }
    if (!incoming[index]) continue;
    const RegisterFinding* finding = FindingOf(report, id);
    const absl::optional<absl::string_view> planned =
        finding == nullptr ? list.value(*incoming[index]) : PlannedValue(*finding, scheme);
    const absl::string_view value = planned.value_or("");
    if (!planned) {
      Omit(id, scheme, Tolerated(Refusal(*finding), finding), plan);
    } else if (before != nullptr && profile.is_vm_wide(index) && before->Find(id) == value) {
      Omit(id, scheme, "the VM's, not the vCPU's: written to the vCPU before", plan);
    } else {
      AddWrite(id, scheme, std::string(value), plan);
    }
  }
  for (const uint32_t index : merge.only_incoming) {
    const RegisterId id = list.id(index);
    Omit(id, scheme, Tolerated("the target has no such register", FindingOf(report, id)), plan);
  }
  for (const uint32_t index : merge.only_own) {
    if (clears[index]) continue;
    const RegisterId id = own.id(index);
    Omit(id, scheme, Tolerated("not in the checkpoint: the target keeps its own value", FindingOf(report, id)), plan);
  }
}

}  // namespace

void AddRestorePhases(IdScheme target, v1::PlanRestoreResponse& response) {
  for (const RestorePhaseInfo& info : RestorePhases(target)) {
    v1::RestorePhase* phase = response.add_phases();
    phase->set_phase(response.phases_size() - 1);
    phase->set_name(std::string(info.name));
    phase->set_reason(std::string(info.reason));
  }
}

v1::VcpuRestorePlan PlanVcpu(const VerdictInput& checkpoint, const ResolvedTarget& target, const VmVerdict& judgement,
                             size_t vcpu) {
  v1::VcpuRestorePlan plan;
  plan.set_vcpu_index(checkpoint.loaded.vcpus[vcpu].vcpu_index);
  PlanList(judgement.list(checkpoint, vcpu), vcpu == 0 ? nullptr : &judgement.list(checkpoint, vcpu - 1),
           *target.profile(vcpu), judgement.reports[vcpu], plan);
  return plan;
}

}  // namespace armstate
