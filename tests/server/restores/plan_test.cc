// A plan, followed write by write, leaves the vCPUs as the restore did that the verdict is about: between all recorded
// KVM hosts, for guests with a PMU.
#include "server/restores/plan.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "core/engine_vm.h"
#include "tests/server/kvm_targets.h"

namespace armstate {
namespace {

// The state of all vCPUs after the plan's writes, refused ones included.
std::vector<std::string> Follow(const v1::PlanRestoreResponse& plan, const ResolvedTarget& target) {
  std::vector<EngineVcpu> vcpus = target.MakeVcpus(plan.vcpus_size());
  for (int i = 0; i < plan.vcpus_size(); ++i) {
    EngineVcpu& vcpu = vcpus[static_cast<size_t>(i)];
    if (i > 0) vcpu.AdoptVmWide(vcpus[static_cast<size_t>(i) - 1]);
    for (const v1::PlannedWrite& write : plan.vcpus(i).writes()) {
      vcpu.Write(*vcpu.layout()->Find(*RegisterId::Create(write.register_id())), write.value()).IgnoreError();
    }
  }
  std::vector<std::string> states;
  for (EngineVcpu& vcpu : vcpus) {
    vcpu.AdoptVmWide(vcpus.back());
    states.push_back(vcpu.ShownValues());
  }
  return states;
}

TEST(RestorePlan, DoesWhatTheVerdictIsAbout) {
  std::map<std::string, VerdictInput> checkpoints;
  for (const std::string& host : KvmHosts()) {
    checkpoints[host] = CheckpointOf(ReadRecordedVms(host).at({"pmu", "ran"}), ReadHostProbe(host));
  }
  const TolerancesByScheme none = *TolerancesByScheme::Create({});
  int once = 0;
  for (const std::string& host : KvmHosts()) {
    const ResolvedTarget target = TargetOf(KvmProfile(ReadHostProbe(host), "pmu"));
    for (const auto& [source, checkpoint] : checkpoints) {
      v1::PlanRestoreResponse plan;
      const VmVerdict judgement = *Judge(checkpoint, target, none);
      for (size_t i = 0; i < judgement.reports.size(); ++i) {
        *plan.add_vcpus() = PlanVcpu(checkpoint, target, judgement, i);
      }
      std::vector<const RegisterList*> lists;
      for (const VcpuState& vcpu : checkpoint.loaded.vcpus) lists.push_back(&vcpu.registers);
      std::vector<EngineVcpu> restored = target.MakeVcpus(checkpoint.vcpu_count());
      ASSERT_TRUE(RestoreVcpus(lists, absl::MakeSpan(restored)).ok());
      const std::vector<std::string> followed = Follow(plan, target);
      for (size_t i = 0; i < restored.size(); ++i) {
        EXPECT_TRUE(followed[i] == restored[i].ShownValues()) << source << " -> " << host << ", vCPU " << i;
      }
      if (plan.vcpus(1).writes_size() < plan.vcpus(0).writes_size()) ++once;
      for (const v1::PlannedWrite& write : plan.vcpus(0).writes()) {
        const bool clears =
            write.name() == "PMINTENCLR_EL1" || write.name() == "PMCNTENCLR_EL0" || write.name() == "PMOVSCLR_EL0";
        EXPECT_EQ(write.value() == std::string(8, '\xff'), clears) << write.name();
      }
    }
  }
  EXPECT_GT(once, 0) << "some host has registers of the VM";
}

}  // namespace
}  // namespace armstate
