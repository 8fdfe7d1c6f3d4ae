// FindRestoreTargets without the wire: 1000 hosts of 50 different profiles, a checkpoint of 4 vCPUs. The goal is 50 ms
// on one core. Profiles are the recorded hosts' with a PMU, and variations of them in which one more value of an ID
// register's field is not accepted.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "server/verdict/built_in_tolerances.h"
#include "server/verdict/server_advice.h"
#include "server/verdict/target_search.h"
#include "tests/server/kvm_targets.h"

namespace armstate {
namespace {

constexpr int kHosts = 1000;
constexpr size_t kProfiles = 50;
constexpr int kVcpus = 4;

// The n-th variation of a profile: of the n-th field that accepts more than its reset value, one value less.
v1::CpuProfile Variation(v1::CpuProfile profile, size_t n) {
  for (v1::RegisterRule& rule : *profile.mutable_registers()) {
    for (v1::RegisterRule::FieldRule& field : *rule.mutable_fields()) {
      const uint64_t reset = rule.reset().empty() ? 0 : rule.reset(0);
      const uint32_t own = uint32_t{1} << (reset >> field.shift() & ((1u << field.width()) - 1));
      const uint32_t others = field.accepted() & ~own;
      if (others == 0 || n-- > 0) continue;
      const uint32_t lowest = others & (~others + 1);
      field.set_accepted(field.accepted() & ~lowest);
      field.set_refused(field.refused() | lowest);
      profile.set_name(profile.name() + ".varied");
      return profile;
    }
  }
  return profile;
}

std::vector<SearchedHost> Hosts() {
  std::vector<v1::CpuProfile> recorded;
  for (const std::string& host : KvmHosts()) recorded.push_back(KvmProfile(ReadHostProbe(host), "pmu"));
  std::vector<ResolvedTarget> targets;
  for (size_t i = 0; i < kProfiles; ++i) {
    const v1::CpuProfile& profile = recorded[i % recorded.size()];
    targets.push_back(TargetOf(i < recorded.size() ? profile : Variation(profile, i)));
  }
  std::vector<SearchedHost> hosts;
  for (int i = 0; i < kHosts; ++i) {
    hosts.push_back({"hosts/h" + std::to_string(i), {targets[static_cast<size_t>(i) % kProfiles]}});
  }
  return hosts;
}

VerdictInput Checkpoint() {
  VerdictInput checkpoint =
      CheckpointOf(ReadRecordedVms("cortex-a72@6.12").at({"pmu", "ran"}), ReadHostProbe("cortex-a72@6.12"));
  while (checkpoint.vcpu_count() < kVcpus) {
    VcpuState vcpu = checkpoint.loaded.vcpus.back();
    ++vcpu.vcpu_index;
    checkpoint.loaded.vcpus.push_back(std::move(vcpu));
  }
  return checkpoint;
}

void FindTargets(benchmark::State& state) {
  const std::vector<SearchedHost> hosts = Hosts();
  const VerdictInput checkpoint = Checkpoint();
  const TolerancesByScheme tolerances = *TolerancesByScheme::Create(*BuiltInTolerances());
  const ServerAdvice advice = *ServerAdvice::Load("");
  for (auto _ : state) {
    std::vector<v1::RestoreTargetVerdict> verdicts = *JudgeHosts(checkpoint, hosts, tolerances, advice);
    benchmark::DoNotOptimize(verdicts);
  }
}
BENCHMARK(FindTargets)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace armstate

BENCHMARK_MAIN();
