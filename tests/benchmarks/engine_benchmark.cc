// The time that the engine needs for one vCPU of 333 registers, beside a copy of its values, of CPU time: into memory
// that is there (x_memcpy), and into new memory (x_new_copy), which is what a capture fills.
//
// Example: bazel run -c opt //tests/benchmarks:engine_benchmark
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <string>

#include "core/capture.h"
#include "core/engine_vcpu.h"
#include "core/restore.h"
#include "server/profiles/registry.h"

namespace armstate {
namespace {

const std::shared_ptr<const CpuProfile>& Profile() {
  static const ProfileRegistry& registry = **new std::unique_ptr<ProfileRegistry>(*ProfileRegistry::BuiltIn());
  static const auto& profile = (*registry.Find("cpuProfiles/qemu-7.2.virt.cortex-a57"))->profile;
  return profile;
}

// Another value in every register that takes one: each is written with all bits flipped, and keeps what it keeps. Those
// that share storage show the same.
RegisterList OtherValues() {
  EngineVcpu vcpu(Profile());
  const RegisterList reset = CaptureRegisters(vcpu).registers;
  for (const uint32_t i : vcpu.restore_order()) {
    if (Profile()->owners()[i] != i) continue;
    std::string flipped(reset.value(i));
    for (char& byte : flipped) byte = static_cast<char>(~byte);
    (void)vcpu.Write(i, flipped);
  }
  return CaptureRegisters(vcpu).registers;
}

constexpr int kCopies = 200'000;

// CPU time of one of so many, in seconds.
template <typename Copy>
double CopySeconds(Copy copy) {
  const std::clock_t start = std::clock();
  for (int i = 0; i < kCopies; ++i) {
    copy();
    benchmark::ClobberMemory();
  }
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC / kCopies;
}

// Measures a copy of the values right before what is compared with it: the machine may be slower a second later.
class BesideCopies {
 public:
  explicit BesideCopies(benchmark::State& state) : state_(state) {
    const std::string from(EngineVcpu(Profile()).values());
    std::string to(from.size(), '\0');
    memcpy_seconds_ = CopySeconds([&] { std::memcpy(to.data(), from.data(), from.size()); });
    new_copy_seconds_ = CopySeconds([&] {
      std::string copy(from);
      benchmark::DoNotOptimize(copy.data());
    });
  }
  ~BesideCopies() {
    using benchmark::Counter;
    state_.counters["x_memcpy"] = Counter(memcpy_seconds_, Counter::kIsIterationInvariantRate | Counter::kInvert);
    state_.counters["x_new_copy"] = Counter(new_copy_seconds_, Counter::kIsIterationInvariantRate | Counter::kInvert);
  }

 private:
  benchmark::State& state_;
  double memcpy_seconds_ = 0;
  double new_copy_seconds_ = 0;
};

void BM_Capture(benchmark::State& state) {
  EngineVcpu vcpu(Profile());
  const BesideCopies beside(state);
  for (auto _ : state) benchmark::DoNotOptimize(CaptureRegisters(vcpu));
}
BENCHMARK(BM_Capture);

// Two states in turn, so that registers do change.
void BM_Restore(benchmark::State& state) {
  EngineVcpu vcpu(Profile());
  const RegisterList lists[] = {OtherValues(), Profile()->reset()};
  const BesideCopies beside(state);
  size_t turn = 0;
  RestoreReport report;
  for (auto _ : state) {
    report = RestoreRegisters(lists[turn ^= 1], vcpu, OnRefusal::kPutBack);
    if (report.verdict != Verdict::kAccepted) state.SkipWithError("the restore was not accepted");
  }
  const auto written = std::count(report.outcomes.begin(), report.outcomes.end(), RegisterOutcome::kWritten);
  state.counters["written"] = static_cast<double>(written);
}
BENCHMARK(BM_Restore);

// The same with one ID register of another value, which refuses the restore: the registers are written one by one and
// put back.
void BM_RefusedRestore(benchmark::State& state) {
  EngineVcpu vcpu(Profile());
  const RegisterList other = OtherValues();
  std::string values(other.values());
  const size_t pfr1 = *other.layout().Find(RegisterId::System(3, 0, 0, 4, 1));  // ID_AA64PFR1_EL1
  values[other.layout().offset(pfr1)] ^= 1;
  const RegisterList refused = *RegisterList::Create(other.shared_layout(), std::move(values));
  const BesideCopies beside(state);
  for (auto _ : state) {
    const RestoreReport report = RestoreRegisters(refused, vcpu, OnRefusal::kPutBack);
    if (report.findings.size() != 1) state.SkipWithError("not the one finding");
  }
}
BENCHMARK(BM_RefusedRestore);

}  // namespace
}  // namespace armstate
