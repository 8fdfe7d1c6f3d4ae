#include "server/answer_budget.h"

#include "gtest/gtest.h"

namespace armstate {
namespace {

constexpr char kA[] = "ipv4:127.0.0.1:1";
constexpr char kB[] = "ipv4:127.0.0.1:2";
constexpr char kC[] = "ipv4:127.0.0.1:3";

TEST(AnswerBudgetTest, OneConnectionGetsHalf) {
  AnswerBudget budget(100);
  const auto first = budget.Take(kA, 30);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(budget.Take(kA, 21).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(budget.Take(kA, 20).ok());
  EXPECT_TRUE(budget.Take(kA, 20).ok()) << "the one before has gone";
}

TEST(AnswerBudgetTest, AllConnectionsTogetherGetAll) {
  AnswerBudget budget(100);
  const auto a = budget.Take(kA, 50);
  auto b = budget.Take(kB, 25);
  auto c = budget.Take(kC, 25);
  ASSERT_TRUE(a.ok() && b.ok() && c.ok());
  EXPECT_EQ(budget.Take(kB, 1).status().code(), absl::StatusCode::kResourceExhausted);
  c->reset();
  EXPECT_TRUE(budget.Take(kB, 25).ok());
}

TEST(AnswerBudgetTest, AFirstAnswerIsGivenWhateverItsSize) {
  AnswerBudget budget(100);
  const auto a = budget.Take(kA, 1000);
  EXPECT_TRUE(a.ok());
  EXPECT_EQ(budget.Take(kA, 1).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(budget.Take(kB, 1).status().code(), absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace armstate
