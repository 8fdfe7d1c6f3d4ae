// How long the engine needs for one vCPU of 333 registers, beside a copy of its values.
//
// Example: bazel run -c opt //tests/benchmarks:engine_benchmark
#include <benchmark/benchmark.h>

#include <cstring>
#include <string>

#include "core/capture.h"
#include "core/engine_vcpu.h"
#include "core/restore.h"
#include "server/profile_registry.h"

namespace armstate {
namespace {

const std::shared_ptr<const CpuProfile>& Profile() {
  static const ProfileRegistry& registry = **new std::unique_ptr<ProfileRegistry>(*ProfileRegistry::BuiltIn());
  return (*registry.Find("cpuProfiles/qemu-7.2.virt.cortex-a57"))->profile;
}

// The reset state with another value in every register that takes any value and shares no storage.
RegisterList OtherValues(const EngineVcpu& vcpu) {
  std::string values(vcpu.values());
  const RegisterLayout& layout = *vcpu.layout();
  for (size_t i = 0; i < layout.size(); ++i) {
    const std::string ones(layout.width(i), '\xff');
    if (Profile()->is_shared(i) || Profile()->writable().substr(layout.offset(i), layout.width(i)) != ones) continue;
    for (size_t byte = 0; byte < layout.width(i); ++byte) values[layout.offset(i) + byte] ^= 0x5a;
  }
  return *RegisterList::Create(vcpu.layout(), std::move(values));
}

void BM_Memcpy(benchmark::State& state) {
  const std::string from(EngineVcpu(Profile()).values());
  std::string to(from.size(), '\0');
  for (auto _ : state) {
    std::memcpy(to.data(), from.data(), from.size());
    benchmark::ClobberMemory();
  }
}
BENCHMARK(BM_Memcpy);

void BM_Capture(benchmark::State& state) {
  EngineVcpu vcpu(Profile());
  for (auto _ : state) benchmark::DoNotOptimize(CaptureRegisters(vcpu));
}
BENCHMARK(BM_Capture);

// Restores two states in turn, so that registers do change.
void BM_Restore(benchmark::State& state) {
  EngineVcpu vcpu(Profile());
  const RegisterList lists[] = {OtherValues(vcpu), *RegisterList::Create(vcpu.layout(), std::string(vcpu.values()))};
  size_t turn = 0;
  for (auto _ : state) {
    const RestoreReport report = RestoreRegisters(lists[turn ^= 1], vcpu, OnRefusal::kPutBack);
    if (report.verdict != Verdict::kAccepted) state.SkipWithError("the restore was not accepted");
  }
}
BENCHMARK(BM_Restore);

}  // namespace
}  // namespace armstate
