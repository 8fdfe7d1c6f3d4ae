#include "server/rpc/memory_budget.h"

#include <list>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
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
  EXPECT_TRUE(IsBusy(budget.Take(kA, 20 * kMiB).status())) << "with the two calls";
  EXPECT_TRUE(budget.Take(kA, 19 * kMiB).ok());
  EXPECT_TRUE(budget.Take(kA, 19 * kMiB).ok()) << "the one before has gone";
}

TEST(MemoryBudgetTest, ThereIsAPartForTheNext) {
  MemoryBudget budget(100 * kMiB);
  const auto a = budget.Take(kA, 50 * kMiB);
  auto b = budget.Take(kB, 20 * kMiB);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_TRUE(IsBusy(budget.Take(kB, 14 * kMiB).status()));
  const auto more = budget.Take(kB, 13 * kMiB);
  EXPECT_TRUE(more.ok()) << "a third";
  EXPECT_TRUE(budget.Take(kC, 4 * kMiB).ok());
}

TEST(MemoryBudgetTest, TheLastEighthIsForCallsOfWhoHoldsLittle) {
  MemoryBudget budget(100 * kMiB);
  const auto a = budget.Take(kA, 60 * kMiB);
  const auto b = budget.Take(kB, 27 * kMiB);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_TRUE(IsBusy(budget.Take(kC, 2 * kMiB).status()));
  EXPECT_TRUE(IsBusy((*b)->Add(kMiB)));
  EXPECT_TRUE(IsBusy(budget.TakeLasting(kC, 500 << 10).status())) << "it could be idle for ever";
  const auto c = budget.Take(kC, 1000);
  ASSERT_TRUE(c.ok()) << c.status();
  EXPECT_TRUE((*c)->Check().ok());
  EXPECT_TRUE((*c)->Add(1000).ok());
  EXPECT_TRUE(IsBusy((*c)->Add(kMiB)));
}

TEST(MemoryBudgetTest, ManySmallOnesGetNoMoreThanAll) {
  MemoryBudget budget(100 * kMiB);
  std::vector<std::shared_ptr<MemoryBudget::Share>> shares;
  absl::Status status;
  for (int i = 0; status.ok() && i < 1000; ++i) {
    absl::StatusOr<std::shared_ptr<MemoryBudget::Share>> share = budget.Take(absl::StrCat(i), 500 << 10);
    status = share.status();
    if (share.ok()) shares.push_back(*std::move(share));
  }
  EXPECT_TRUE(IsBusy(status)) << status;
  EXPECT_EQ(shares.size(), (100 << 10) / (500 + 16));
  // A call whose work is done gets its answer if that is short; other work does not start.
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(shares[0]->AddAnswer(64 << 10).ok());
  EXPECT_TRUE(IsBusy(shares[0]->AddAnswer((64 << 10) + 1)));
  EXPECT_TRUE(IsBusy(shares[1]->Check()));
  EXPECT_TRUE(IsBusy(shares[1]->Add(1)));
}

// Nine thousand hosts with a stream each, at the default limit: each of them is idle until it pushes.
TEST(MemoryBudgetTest, AFleetOfStreamsHasAPartThatIsEnoughForEach) {
  MemoryBudget budget(512 * kMiB);
  std::vector<std::shared_ptr<MemoryBudget::Share>> shares;
  for (int i = 0; i < 9000; ++i) shares.push_back(budget.TakeLasting(absl::StrCat(i), 2000).value());
  for (const std::shared_ptr<MemoryBudget::Share>& share : shares) {
    ASSERT_TRUE(share->Check().ok());
    ASSERT_TRUE(share->Add(kMiB - (20 << 10)).ok());
    ASSERT_TRUE(share->Check().ok());
    share->Return(kMiB - (20 << 10));
    ASSERT_TRUE(share->Check().ok() && share->Add(32 * kMiB).ok()) << "one large call";
    share->Return(32 * kMiB);
  }
}

TEST(MemoryBudgetTest, AnAnswerMayBeMoreThanThePart) {
  MemoryBudget budget(100 * kMiB);
  const auto first = budget.Take(kA, 1);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_TRUE((*first)->Check().ok());
  EXPECT_TRUE((*first)->AddAnswer(1000 * kMiB).ok());
  EXPECT_TRUE(IsBusy((*first)->Check()));
  EXPECT_TRUE(IsBusy(budget.Take(kA, 1).status()));
  EXPECT_TRUE(IsBusy(budget.Take(kB, 2 * kMiB).status()));
  (*first)->Return(990 * kMiB);
  EXPECT_TRUE((*first)->Check().ok());
  EXPECT_TRUE(budget.Take(kB, 2 * kMiB).ok());
}

// Tests clients that request what they do not accept, on a clock that the test sets.
class HoardTest : public testing::Test {
 protected:
  using Share = std::shared_ptr<MemoryBudget::Share>;

  // An answer on its own connection, which ends like a gRPC call: within the function that ends it.
  bool Ask(size_t bytes) {
    const std::string connection = absl::StrCat("ipv4:192.0.2.1:", ++connections_);
    absl::StatusOr<Share> share = budget_.Take(connection, 0);
    if (!share.ok() || !(*share)->AddAnswer(bytes).ok()) return false;
    auto& call = calls_.emplace_back(*std::move(share));
    call->BeginTaking([&call, this] {
      call = nullptr;
      ++ended_;
    });
    return true;
  }

  absl::Time now_ = absl::UnixEpoch();
  MemoryBudget budget_{100 * kMiB, [this] { return now_; }};
  std::list<Share> calls_;
  int connections_ = 0;
  int ended_ = 0;
};

TEST_F(HoardTest, UntakenAnswersEndWhenTheyAreOverdueAndMoreThanHalf) {
  for (int i = 0; i < 48; ++i) ASSERT_TRUE(Ask(kMiB)) << i;
  now_ += absl::Hours(1);
  EXPECT_TRUE(Ask(0));
  EXPECT_EQ(ended_, 0) << "there is room";
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(Ask(kMiB)) << i;
  EXPECT_EQ(ended_, 18) << "the first two of these fit into half";
  EXPECT_EQ(calls_.front(), nullptr) << "the oldest one";
  EXPECT_NE(calls_.back(), nullptr);
}

TEST_F(HoardTest, WhoTakesItAtSomeRateIsNotEnded) {
  ASSERT_TRUE(Ask(32 * kMiB)) << "16 MiB, twice";
  now_ += absl::Seconds(4);
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(Ask(kMiB)) << i;
  EXPECT_EQ(ended_, 0) << "it has 4.25 s";
  now_ += absl::Milliseconds(248);
  EXPECT_TRUE(Ask(0));
  EXPECT_NE(calls_.front(), nullptr);
  now_ += absl::Milliseconds(10);
  EXPECT_TRUE(Ask(0));
  EXPECT_EQ(calls_.front(), nullptr);
}

TEST_F(HoardTest, WhatIsTakenOnTheWayIsNotEnded) {
  const Share stream = budget_.TakeLasting(kA, 60 * kMiB).value();
  bool ended = false;
  stream->BeginTaking([&ended] { ended = true; });
  stream->EndTaking(1000);
  now_ += absl::Hours(1);
  EXPECT_TRUE(Ask(0));
  EXPECT_FALSE(ended);
  stream->BeginTaking([&ended] { ended = true; });
  now_ += absl::Hours(1);
  EXPECT_TRUE(Ask(0));
  EXPECT_TRUE(ended);
}

TEST_F(HoardTest, TheLastEighthIsNotForThem) {
  int answers = 0;
  while (Ask(kMiB)) ++answers;
  EXPECT_EQ(answers, 86) << "of 1 MiB and 16 KiB, of seven eighths";
  EXPECT_EQ(ended_, 0) << "all are of this moment";
  // Short ones, in a moment that is too short for any to be overdue.
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(Ask(60 << 10)) << i;
  EXPECT_GT(ended_, 0);
  EXPECT_TRUE(budget_.Take(kA, 100 << 10).ok()) << "who holds nothing";
}

}  // namespace
}  // namespace armstate
