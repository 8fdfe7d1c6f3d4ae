#include "server/memory_budget.h"

#include "core/error.h"
#include "gtest/gtest.h"

namespace armstate {
namespace {

constexpr char kA[] = "ipv4:127.0.0.1:1";
constexpr char kB[] = "ipv4:127.0.0.1:2";
constexpr char kC[] = "ipv4:127.0.0.1:3";
constexpr size_t kMiB = size_t{1} << 20;

bool IsBusy(const absl::Status& status) {
  return absl::IsResourceExhausted(status) && GetErrorInfo(status)->reason == ErrorReason::kServerBusy;
}

TEST(MemoryBudgetTest, OneConnectionGetsHalf) {
  MemoryBudget budget(100 * kMiB);
  const auto first = budget.Take(kA, 30 * kMiB);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_TRUE(IsBusy(budget.Take(kA, 21 * kMiB).status()));
  EXPECT_TRUE(budget.Take(kA, 20 * kMiB).ok());
  EXPECT_TRUE(budget.Take(kA, 20 * kMiB).ok()) << "the one before has gone";
}

TEST(MemoryBudgetTest, ThereIsAPartForTheNext) {
  MemoryBudget budget(100 * kMiB);
  const auto a = budget.Take(kA, 50 * kMiB);
  auto b = budget.Take(kB, 20 * kMiB);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_TRUE(IsBusy(budget.Take(kB, 14 * kMiB).status()));
  const auto more = budget.Take(kB, 13 * kMiB);
  EXPECT_TRUE(more.ok()) << "a third";
  EXPECT_TRUE(budget.Take(kC, 10 * kMiB).ok());
}

TEST(MemoryBudgetTest, ManyConnectionsGetNoMoreThanAllButWhatIsSmall) {
  MemoryBudget budget(100 * kMiB);
  const auto a = budget.Take(kA, 60 * kMiB);
  const auto b = budget.Take(kB, 40 * kMiB);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_TRUE(IsBusy(budget.Take(kC, 2 * kMiB).status()));
  const auto c = budget.Take(kC, 1000);
  ASSERT_TRUE(c.ok()) << c.status();
  EXPECT_TRUE((*c)->Check().ok());
  EXPECT_TRUE((*c)->Add(1000).ok());
  EXPECT_TRUE(IsBusy((*c)->Add(2 * kMiB)));
  EXPECT_TRUE((*c)->Add(kMiB).ok());
}

TEST(MemoryBudgetTest, AnAnswerMayBeMoreThanThePart) {
  MemoryBudget budget(100 * kMiB);
  const auto first = budget.Take(kA, 1);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_TRUE((*first)->Check().ok());
  EXPECT_TRUE((*first)->Add(1000 * kMiB).ok());
  EXPECT_TRUE(IsBusy((*first)->Check()));
  EXPECT_TRUE(IsBusy(budget.Take(kA, 1).status()));
  EXPECT_TRUE(IsBusy(budget.Take(kB, 2 * kMiB).status()));
  (*first)->Return(990 * kMiB);
  EXPECT_TRUE((*first)->Check().ok());
  EXPECT_TRUE(budget.Take(kB, 2 * kMiB).ok());
}

}  // namespace
}  // namespace armstate
