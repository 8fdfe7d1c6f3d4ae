#include "storage/rocksdb/record_cache.h"

#include <string>

#include "gtest/gtest.h"

namespace armstate {
namespace {

StoredRecord Record(std::string bytes) {
  StoredRecord record;
  record.record = std::move(bytes);
  return record;
}

std::string Cached(RecordCache& cache, absl::string_view key) {
  const RecordCache::Lookup lookup = cache.Find(key);
  return lookup.record ? lookup.record->record : "none";
}

TEST(RecordCacheTest, ARecordIsThereUntilItChanges) {
  RecordCache cache(1 << 20);
  cache.Put("a", Record("1"), cache.Find("a").changes);
  cache.Put("b", Record("2"), cache.Find("b").changes);
  EXPECT_EQ(Cached(cache, "a"), "1");
  cache.BeginChange("a");
  EXPECT_EQ(Cached(cache, "a"), "none");
  EXPECT_EQ(Cached(cache, "b"), "2");
}

TEST(RecordCacheTest, WhatWasReadBeforeAChangeIsNotPutAfterIt) {
  RecordCache cache(1 << 20);
  const uint64_t before = cache.Find("a").changes;
  cache.BeginChange("a");
  cache.EndChanges();
  cache.Put("a", Record("old"), before);
  EXPECT_EQ(Cached(cache, "a"), "none");
  cache.Put("a", Record("new"), cache.Find("a").changes);
  EXPECT_EQ(Cached(cache, "a"), "new");
}

TEST(RecordCacheTest, NothingIsPutWhileItChanges) {
  RecordCache cache(1 << 20);
  cache.BeginChange("a");
  cache.Put("a", Record("old or new"), cache.Find("a").changes);
  EXPECT_EQ(Cached(cache, "a"), "none");
}

TEST(RecordCacheTest, AChangeOfAllIsOneOfEach) {
  RecordCache cache(1 << 20);
  cache.Put("a", Record("1"), cache.Find("a").changes);
  const uint64_t before = cache.Find("b").changes;
  cache.BeginChangeOfAll();
  EXPECT_EQ(Cached(cache, "a"), "none");
  cache.EndChanges();
  cache.Put("b", Record("old"), before);
  EXPECT_EQ(Cached(cache, "b"), "none");
}

// The log of a write that failed may hold the change, which reads show only when the database is reopened.
TEST(RecordCacheTest, NothingIsPutFromAFailedWriteUntilARestart) {
  RecordCache cache(1 << 20);
  cache.Put("other", Record("1"), cache.Find("other").changes);
  cache.BeginChange("a");
  const uint64_t before = cache.Find("a").changes;
  cache.Put("a", Record("old"), before);
  EXPECT_EQ(Cached(cache, "a"), "none");
  cache.Restart();
  cache.Put("a", Record("old"), before);
  EXPECT_EQ(Cached(cache, "a"), "none");
  EXPECT_EQ(Cached(cache, "other"), "none");
  cache.Put("a", Record("new"), cache.Find("a").changes);
  EXPECT_EQ(Cached(cache, "a"), "new");
}

// Those have files of their own.
TEST(RecordCacheTest, LargeRecordsAreNotCached) {
  RecordCache cache(1 << 20);
  cache.Put("a", Record(std::string(5000, 'x')), cache.Find("a").changes);
  EXPECT_EQ(Cached(cache, "a"), "none");
}

}  // namespace
}  // namespace armstate
