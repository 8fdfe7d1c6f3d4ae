#include "storage/cache/clock_cache.h"

#include <memory>
#include <string>

#include "gtest/gtest.h"

namespace armstate {
namespace {

// Room for two of these, and not for three: the map adds some hundred bytes for each.
constexpr size_t kValueBytes = 10000;
constexpr size_t kMapBytes = 25000;

TEST(ClockCacheTest, WhatWasNotUsedForLongestGoes) {
  ClockCache<int> map(kMapBytes);
  map.Put("a", 1, kValueBytes);
  map.Put("b", 2, kValueBytes);
  ASSERT_NE(map.Find("a"), nullptr);
  map.Put("c", 3, kValueBytes);
  ASSERT_NE(map.Find("a"), nullptr);
  EXPECT_EQ(*map.Find("a"), 1);
  EXPECT_EQ(map.Find("b"), nullptr);
  ASSERT_NE(map.Find("c"), nullptr);
  EXPECT_EQ(*map.Find("c"), 3);
}

TEST(ClockCacheTest, PutReplacesAndTakesNoMoreRoom) {
  ClockCache<int> map(kMapBytes);
  map.Put("a", 1, kValueBytes);
  for (int value = 2; value < 10; ++value) map.Put("b", value, kValueBytes);
  ASSERT_NE(map.Find("a"), nullptr);
  ASSERT_NE(map.Find("b"), nullptr);
  EXPECT_EQ(*map.Find("b"), 9);
}

TEST(ClockCacheTest, HoldsTheLastOneHoweverLarge) {
  ClockCache<int> map(kMapBytes);
  map.Put("a", 1, kValueBytes);
  map.Put("large", 2, 10 * kMapBytes);
  EXPECT_EQ(map.Find("a"), nullptr);
  ASSERT_NE(map.Find("large"), nullptr);
}

TEST(ClockCacheTest, WhatIsErasedGivesItsRoomBack) {
  ClockCache<std::shared_ptr<int>> map(kMapBytes);
  const auto value = std::make_shared<int>(1);
  for (const std::string key : {"a", "b", "c", "d"}) {
    map.Put(key, value, kValueBytes);
    map.Erase(key);
    EXPECT_EQ(map.Find(key), nullptr);
  }
  EXPECT_EQ(value.use_count(), 1);
  map.Put("e", value, kValueBytes);
  map.Put("f", value, kValueBytes);
  ASSERT_NE(map.Find("e"), nullptr);
  map.Clear();
  EXPECT_EQ(map.Find("e"), nullptr);
  EXPECT_EQ(map.Find("f"), nullptr);
  EXPECT_EQ(value.use_count(), 1);
  map.Erase("e");
}

// As the empty key, or one within another, is a key like others.
TEST(ClockCacheTest, KeysAreBytes) {
  ClockCache<int> map(kMapBytes);
  map.Put("", 1, 1);
  map.Put("a", 2, 1);
  map.Put(std::string("a\0", 2), 3, 1);
  EXPECT_EQ(*map.Find(""), 1);
  EXPECT_EQ(*map.Find("a"), 2);
  EXPECT_EQ(*map.Find(std::string("a\0", 2)), 3);
}

}  // namespace
}  // namespace armstate
