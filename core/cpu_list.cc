#include "core/cpu_list.h"

#include <bitset>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace armstate {
namespace {

// SimpleAtoi takes signs and spaces, too.
bool ParseCpu(absl::string_view text, int& cpu) {
  return !text.empty() && absl::ascii_isdigit(static_cast<unsigned char>(text.front())) &&
         absl::ascii_isdigit(static_cast<unsigned char>(text.back())) && absl::SimpleAtoi(text, &cpu) && cpu < kMaxCpus;
}

}  // namespace

absl::StatusOr<std::vector<int>> ParseCpuList(absl::string_view text) {
  if (text.size() > kMaxCpuListBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the list of CPUs has ", text.size(), " bytes, more than ", kMaxCpuListBytes));
  }
  std::bitset<kMaxCpus> listed;
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    const std::pair<absl::string_view, absl::string_view> ends = absl::StrSplit(part, absl::MaxSplits('-', 1));
    const bool is_range = part.find('-') != absl::string_view::npos;
    int first = 0, last = 0;
    if (!ParseCpu(ends.first, first) || !ParseCpu(is_range ? ends.second : ends.first, last) || first > last) {
      return absl::InvalidArgumentError(absl::StrCat(
          "\"", absl::CEscape(text.substr(0, 63)), "\" is not a list of CPU numbers below ", kMaxCpus, ", like 0-3,8"));
    }
    for (int cpu = first; cpu <= last; ++cpu) listed.set(static_cast<size_t>(cpu));
  }
  std::vector<int> cpus;
  for (int cpu = 0; cpu < kMaxCpus; ++cpu) {
    if (listed[static_cast<size_t>(cpu)]) cpus.push_back(cpu);
  }
  return cpus;
}

std::string FormatCpuList(absl::Span<const int> cpus) {
  std::string text;
  for (size_t i = 0; i < cpus.size(); ++i) {
    const size_t first = i;
    while (i + 1 < cpus.size() && cpus[i + 1] == cpus[i] + 1) ++i;
    absl::StrAppend(&text, text.empty() ? "" : ",", cpus[first]);
    if (i > first) absl::StrAppend(&text, "-", cpus[i]);
  }
  return text;
}

std::string CoresText(absl::string_view cpus, absl::string_view cpu_model) {
  if (cpus.empty()) return absl::StrCat("the ", cpu_model, " CPUs");
  const bool is_one = cpus.find_first_of(",-") == absl::string_view::npos;
  return absl::StrCat(is_one ? "CPU " : "CPUs ", cpus, cpu_model.empty() ? "" : absl::StrCat(" (", cpu_model, ")"));
}

}  // namespace armstate
