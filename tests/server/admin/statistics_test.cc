#include "server/admin/statistics.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace armstate {
namespace {

TEST(Histogram, BucketsEndBelowPowersOfTwo) {
  PowerHistogram histogram;
  for (const int64_t value : {0, 1, 2, 3, 3, 4, 7, 8, 1000}) histogram.Add(value);
  histogram.Add(int64_t{1} << 29);
  histogram.Add((int64_t{1} << 30) - 1);
  histogram.Add(int64_t{1} << 30);
  histogram.Add(int64_t{1} << 50);
  std::vector<std::pair<int64_t, int64_t>> buckets;
  const v1::Histogram message = HistogramToProto(histogram);
  for (const v1::Histogram::Bucket& bucket : message.buckets()) {
    buckets.emplace_back(bucket.up_to(), bucket.count());
  }
  EXPECT_EQ(buckets,
            (std::vector<std::pair<int64_t, int64_t>>{
                {0, 1}, {1, 1}, {3, 3}, {7, 2}, {15, 1}, {1023, 1}, {1073741823, 2}, {9223372036854775807, 2}}));
}

TEST(Histogram, NothingCountedIsNoBucket) { EXPECT_EQ(HistogramToProto(PowerHistogram()).buckets_size(), 0); }

}  // namespace
}  // namespace armstate
