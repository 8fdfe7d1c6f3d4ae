// `ParseCpuList` and `FormatCpuList` read and write CPU numbers as Linux lists them: "0-3,8".
#ifndef ARMSTATE_CORE_CPU_LIST_H_
#define ARMSTATE_CORE_CPU_LIST_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace armstate {

// Linux for arm64 can be built for at most 4096 CPUs (arch/arm64/Kconfig: NR_CPUS).
inline constexpr int kMaxCpus = 4096;

// Enough for every other one of 128 CPUs.
inline constexpr size_t kMaxCpuListBytes = 255;

// Returns the numbers in ascending order, each once, whatever order they are listed in. INVALID_ARGUMENT if the text is
// longer than kMaxCpuListBytes, or not a list of numbers below kMaxCpus.
absl::StatusOr<std::vector<int>> ParseCpuList(absl::string_view text);

// The numbers are ascending.
std::string FormatCpuList(absl::Span<const int> cpus);

// Returns "CPUs 4-7 (cortex-a72)", or "CPU 8 (cortex-a72)", for cores of one kind; "the cortex-a72 CPUs" if their
// numbers are not known.
std::string CoresText(absl::string_view cpus, absl::string_view cpu_model);

}  // namespace armstate

#endif  // ARMSTATE_CORE_CPU_LIST_H_
