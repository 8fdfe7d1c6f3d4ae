#include "client/kvm/tool/probed_cpus.h"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/cpu_list.h"

namespace armstate {
namespace {

// Affinity is a set of CPUs that fits each host.
class Affinity {
 public:
  Affinity() : set_(CPU_ALLOC(kMaxCpus)) { CPU_ZERO_S(kBytes, set_.get()); }

  static absl::StatusOr<std::vector<int>> Get() {
    const Affinity affinity;
    if (sched_getaffinity(0, kBytes, affinity.set_.get()) != 0) {
      return absl::InternalError(absl::StrCat("sched_getaffinity: ", std::strerror(errno)));
    }
    std::vector<int> cpus;
    for (int cpu = 0; cpu < kMaxCpus; ++cpu) {
      if (CPU_ISSET_S(cpu, kBytes, affinity.set_.get())) cpus.push_back(cpu);
    }
    return cpus;
  }

  // Linux leaves out CPUs that are offline or not allowed, as long as there are others.
  static bool Set(absl::Span<const int> cpus) {
    const Affinity affinity;
    for (const int cpu : cpus) CPU_SET_S(cpu, kBytes, affinity.set_.get());
    if (sched_setaffinity(0, kBytes, affinity.set_.get()) != 0) return false;
    const absl::StatusOr<std::vector<int>> now = Get();
    return now.ok() && absl::MakeConstSpan(*now) == cpus;
  }

 private:
  struct Free {
    void operator()(cpu_set_t* set) const { CPU_FREE(set); }
  };

  static constexpr size_t kBytes = CPU_ALLOC_SIZE(kMaxCpus);

  std::unique_ptr<cpu_set_t, Free> set_;
};

}  // namespace

CpuIds ReadCpuIds(const std::string& folder) {
  CpuIds ids;
  for (int cpu = 0; cpu < kMaxCpus; ++cpu) {
    std::ifstream file(absl::StrCat(folder, "/cpu", cpu, "/regs/identification/midr_el1"));
    std::string text;
    uint64_t midr = 0;
    if (file >> text && absl::SimpleHexAtoi(text, &midr)) ids[cpu] = midr;
  }
  return ids;
}

absl::StatusOr<ProbedCpus> ChooseProbedCpus(absl::Span<const int> cpus, bool is_chosen, const CpuIds& ids) {
  std::map<uint64_t, std::vector<int>> kinds;  // of the CPUs on which the probe may run, by MIDR_EL1
  for (const int cpu : cpus) {
    const auto id = ids.find(cpu);
    kinds[id == ids.end() ? 0 : id->second].push_back(cpu);
  }
  if (kinds.size() > 1) {
    std::string text =
        absl::StrCat(CoresText(FormatCpuList(cpus), ""), " are of several kinds: probe each kind on its own,");
    for (const auto& [midr, of_kind] : kinds) {
      absl::StrAppend(&text, of_kind == kinds.begin()->second ? "" : " and", " with --cpus ", FormatCpuList(of_kind),
                      absl::StrFormat(" (MIDR_EL1 0x%x)", midr));
    }
    return absl::FailedPreconditionError(text);
  }
  ProbedCpus probed;
  if (!kinds.empty()) probed.midr = kinds.begin()->first;
  std::vector<int> others;
  for (const auto& [cpu, midr] : ids) {
    if (midr != probed.midr) others.push_back(cpu);
  }
  probed.others = FormatCpuList(others);
  if (is_chosen || !others.empty()) probed.cpus = FormatCpuList(cpus);
  return probed;
}

absl::StatusOr<ProbedCpus> PinProbe(const std::string& wanted) {
  absl::StatusOr<std::vector<int>> cpus = wanted.empty() ? Affinity::Get() : ParseCpuList(wanted);
  if (!cpus.ok()) return cpus.status();
  if (!wanted.empty() && !Affinity::Set(*cpus)) {
    return absl::FailedPreconditionError(
        absl::StrCat("not all CPUs of the list ", wanted, " are online and allowed to this process"));
  }
  return ChooseProbedCpus(*cpus, !wanted.empty(), ReadCpuIds("/sys/devices/system/cpu"));
}

}  // namespace armstate
