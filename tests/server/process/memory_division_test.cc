#include "server/process/memory_division.h"

#include "gtest/gtest.h"

namespace armstate {
namespace {

constexpr size_t kMiB = size_t{1} << 20;

size_t Shares(const MemoryDivision& memory) {
  return memory.calls + memory.transport + memory.search_answers + memory.block_cache + memory.record_cache +
         2 * memory.base_cache + memory.waiting_writes + memory.memtables;
}

TEST(MemoryDivisionTest, SharesAndWhatIsLeftAreTheLimit) {
  for (const size_t limit : {512 * kMiB, 777 * kMiB + 1, 2048 * kMiB, size_t{1} << 40}) {
    const MemoryDivision memory(limit);
    EXPECT_EQ(Shares(memory) + memory.left, limit);
    EXPECT_GE(memory.left, 64 * kMiB + limit / 20) << limit;
  }
}

// The rows of docs/limits.md.
TEST(MemoryDivisionTest, TheLeastAndTheUsualLimit) {
  const MemoryDivision least(512 * kMiB);
  EXPECT_EQ(least.calls, 112 * kMiB);
  EXPECT_EQ(least.transport, 84 * kMiB);
  EXPECT_EQ(least.search_answers, 28 * kMiB);
  EXPECT_EQ(least.block_cache, 42 * kMiB);
  EXPECT_EQ(least.record_cache, 14 * kMiB);
  EXPECT_EQ(least.base_cache, 28 * kMiB);
  EXPECT_EQ(least.waiting_writes, 42 * kMiB);
  EXPECT_EQ(least.memtables, 42 * kMiB);
  const MemoryDivision usual(2048 * kMiB);
  EXPECT_EQ(usual.calls, 496 * kMiB);
  EXPECT_EQ(usual.transport, 372 * kMiB);
  EXPECT_EQ(usual.block_cache, 186 * kMiB);
  EXPECT_EQ(usual.record_cache, 62 * kMiB);
  EXPECT_EQ(usual.waiting_writes, 186 * kMiB);
  EXPECT_EQ(usual.memtables, 186 * kMiB);
}

}  // namespace
}  // namespace armstate
