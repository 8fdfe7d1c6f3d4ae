#include "server/process/machine_memory.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "gtest/gtest.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

// Of a virtual machine with 24 GB.
constexpr char kMeminfo[] = "MemTotal:       24689764 kB\nMemFree:        10812464 kB\n";
constexpr size_t kTotal = size_t{24689764} << 10;

struct Case {
  const char* name;
  std::map<std::string, std::string> files;
  size_t bytes;
  const char* file;
};

TEST(MachineMemoryTest, IsTheLeastThatIsSaid) {
  const Case kCases[] = {
      {"no groups", {}, kTotal, "/proc/meminfo"},
      {"version 2, no limit",
       {{"/proc/self/cgroup", "0::/system.slice/armstated.service\n"},
        {"/sys/fs/cgroup/system.slice/armstated.service/memory.max", "max\n"}},
       kTotal,
       "/proc/meminfo"},
      {"systemd's MemoryMax=1G of a slice",
       {{"/proc/self/cgroup", "0::/system.slice/armstated.service\n"},
        {"/sys/fs/cgroup/system.slice/armstated.service/memory.max", "max\n"},
        {"/sys/fs/cgroup/system.slice/memory.max", "1073741824\n"}},
       size_t{1} << 30,
       "/sys/fs/cgroup/system.slice/memory.max"},
      {"a container of version 2",
       {{"/proc/self/cgroup", "0::/\n"}, {"/sys/fs/cgroup/memory.max", "536870912\n"}},
       size_t{512} << 20,
       "/sys/fs/cgroup/memory.max"},
      {"a container of version 1, which does not see its path",
       {{"/proc/self/cgroup", "9:name=systemd:/\n4:memory:/docker/12ab\n0::/\n"},
        {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "2147483648\n"}},
       size_t{2} << 30,
       "/sys/fs/cgroup/memory/memory.limit_in_bytes"},
      {"version 1, no limit",
       {{"/proc/self/cgroup", "4:memory:/docker/12ab\n"},
        {"/sys/fs/cgroup/memory/docker/12ab/memory.limit_in_bytes", "9223372036854771712\n"}},
       kTotal,
       "/proc/meminfo"},
  };
  for (const Case& test : kCases) {
    const TempDir root;
    std::map<std::string, std::string> files = test.files;
    files["/proc/meminfo"] = kMeminfo;
    for (const auto& [path, text] : files) {
      std::filesystem::create_directories(std::filesystem::path(root.path() + path).parent_path());
      std::ofstream(root.path() + path) << text;
    }
    const absl::optional<MemoryBound> memory = MachineMemory(root.path());
    ASSERT_TRUE(memory) << test.name;
    EXPECT_EQ(memory->bytes, test.bytes) << test.name;
    EXPECT_EQ(memory->file, test.file) << test.name;
  }
  const TempDir empty;
  EXPECT_FALSE(MachineMemory(empty.path()));
}

TEST(MachineMemoryTest, OfThisMachine) {
  const absl::optional<MemoryBound> memory = MachineMemory();
  ASSERT_TRUE(memory);
  EXPECT_GT(memory->bytes, size_t{1} << 20);
  EXPECT_LE(memory->bytes, static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGESIZE)));
}

}  // namespace
}  // namespace armstate
