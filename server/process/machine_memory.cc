#include "server/process/machine_memory.h"

#include <cstdint>
#include <fstream>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace armstate {
namespace {

// The lowest of the limits that were read.
class Least {
 public:
  explicit Least(const std::string& root) : root_(root) {}

  void Take(uint64_t bytes, const std::string& file) {
    if (!least_ || bytes < least_->bytes) least_ = MemoryBound{bytes, file};
  }

  // Reads the limits of a group and of its parents. A container may see its own group as the root, whatever the path
  // says.
  void TakeGroups(const std::string& mount, std::string group, absl::string_view name) {
    while (true) {
      const std::string file = absl::StrCat(mount, group == "/" ? "" : group, "/", name);
      std::ifstream opened(root_ + file);
      std::string text;
      uint64_t bytes = 0;
      if (opened >> text && absl::SimpleAtoi(text, &bytes)) Take(bytes, file);  // not "max"
      const size_t slash = group.rfind('/');
      if (slash == std::string::npos || group == "/") return;
      group.resize(slash == 0 ? 1 : slash);
    }
  }

  const absl::optional<MemoryBound>& least() const { return least_; }

 private:
  const std::string root_;
  absl::optional<MemoryBound> least_;
};

}  // namespace

absl::optional<MemoryBound> MachineMemory(const std::string& root) {
  Least least(root);
  std::ifstream meminfo(root + "/proc/meminfo");
  std::string label;
  uint64_t kilobytes = 0;
  if (meminfo >> label >> kilobytes && label == "MemTotal:") least.Take(kilobytes << 10, "/proc/meminfo");
  std::ifstream groups(root + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    // "0::/path" of version 2, "4:memory:/path" of version 1.
    const std::vector<std::string> parts = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (parts.size() != 3 || !absl::StartsWith(parts[2], "/")) continue;
    if (parts[0] == "0" && parts[1].empty()) least.TakeGroups("/sys/fs/cgroup", parts[2], "memory.max");
    if (parts[1] == "memory") least.TakeGroups("/sys/fs/cgroup/memory", parts[2], "memory.limit_in_bytes");
  }
  return least.least();
}

}  // namespace armstate
