#include "server/security/client_rates.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace armstate {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'000'000);

// How many of so many calls, one each `pause`, are taken.
int Taken(ClientRates& rates, const ClientRates::Rate& rate, size_t bytes, int calls, absl::Duration pause) {
  int taken = 0;
  for (int i = 0; i < calls; ++i) taken += rates.Take("a", rate, bytes, kStart + i * pause) == absl::ZeroDuration();
  return taken;
}

TEST(ClientRatesTest, WhatAClientMayDoInASecondAndOneCallMore) {
  ClientRates at_once, in_time;
  EXPECT_EQ(Taken(at_once, {10, 0}, 0, 100, absl::ZeroDuration()), 11);
  EXPECT_EQ(Taken(in_time, {10, 0}, 0, 1000, absl::Milliseconds(50)), 10 * 50 + 11 - 1)
      << "50 seconds at 10, and ahead";
}

TEST(ClientRatesTest, BytesAreCountedToo) {
  ClientRates rates;
  EXPECT_EQ(rates.Take("a", {0, 1000}, 5000, kStart), absl::ZeroDuration()) << "one that is larger than the rate";
  EXPECT_EQ(rates.Take("a", {0, 1000}, 1, kStart), absl::Seconds(4));
  EXPECT_EQ(rates.Take("b", {0, 1000}, 1, kStart), absl::ZeroDuration()) << "each has its own";
  EXPECT_EQ(rates.Take("a", {0, 1000}, 1, kStart + absl::Seconds(4)), absl::ZeroDuration());
}

TEST(ClientRatesTest, WhatIsRefusedIsNotCounted) {
  ClientRates rates;
  for (int i = 0; i < 100; ++i) rates.Take("a", {1, 0}, 0, kStart);
  EXPECT_EQ(rates.Take("a", {1, 0}, 0, kStart), absl::Seconds(1)) << "as after two calls";
}

TEST(ClientRatesTest, ManyClientsDoNotFreeOneThatMustWait) {
  ClientRates rates;
  for (int i = 0; i < 10; ++i) rates.Take("a", {1, 0}, 0, kStart);
  for (int i = 0; i < 10'000; ++i) rates.Take(absl::StrCat(i), {1000, 0}, 0, kStart + i * absl::Microseconds(50));
  EXPECT_GT(rates.Take("a", {1, 0}, 0, kStart + absl::Milliseconds(500)), absl::ZeroDuration());
}

}  // namespace
}  // namespace armstate
